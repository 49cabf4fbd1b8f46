import type { AwsKeys, StsEndpoint } from './credentials.ts'
import { required } from './exception-rules.ts'

/** The identity that AWS access keys belong to, as reported by STS. */
export interface Identity {
  /** The account ID, twelve digits. */
  readonly account: string
  /** The ARN of the user or, for a role, of the session. */
  readonly arn: string
}

/** Asks STS which identity the keys belong to (`GetCallerIdentity`). No IAM policy can deny this call. */
export async function identify (keys: AwsKeys, sts: StsEndpoint): Promise<Identity> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts')
  const { Account, Arn } = await new STSClient({ ...sts, credentials: keys }).send(new GetCallerIdentityCommand())
  return { account: required(Account), arn: required(Arn) }
}
