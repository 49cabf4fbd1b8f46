import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { AwsKeys, StsPlace } from './credentials.ts'
import { required } from './errors.ts'

/** Whose keys are, as AWS itself says. */
export interface Identity {
  /** Twelve digits. */
  readonly account: string
  /** Of a role's session, that of the session. */
  readonly arn: string
}

/** Asks STS whose keys are: who has them may do that, whatever else they may not. */
export async function identify (keys: AwsKeys, sts: StsPlace): Promise<Identity> {
  const { Account, Arn } = await new STSClient({ ...sts, credentials: keys }).send(new GetCallerIdentityCommand())
  return { account: required(Account), arn: required(Arn) }
}
