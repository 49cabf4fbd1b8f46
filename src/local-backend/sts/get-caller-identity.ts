import type { SignedContext } from './context.ts'
import type { Content } from './xml.ts'

/** Tells who has signed the request: everybody may know who they are. */
export function getCallerIdentity ({ caller: { principal: { arn, userId, accountId } } }: SignedContext): Content {
  return { Arn: arn, UserId: userId, Account: accountId }
}
