import type { SignedContext } from './context.ts'
import type { Content } from './xml.ts'

/** Returns the identity of the request's signer. The operation requires no permission. */
export function getCallerIdentity ({ caller: { principal: { arn, userId, accountId } } }: SignedContext): Content {
  return { Arn: arn, UserId: userId, Account: accountId }
}
