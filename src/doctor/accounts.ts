import { partitionInArn, partitionOf } from '#src/aws-model/partitions'
import type { Identity } from '#src/aws/identity'
import { isRole } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { TriedCredential } from './credentials.ts'
import type { Finding } from './findings.ts'

/** Checks that a credential belongs to the account and the partition of an environment. */
export function accountFinding (
  { name, region, account }: Environment, { id, definition }: TriedCredential, identity: Identity
): Finding {
  const about = { subject: `environment ${name}`, check: 'account' } as const
  const [partition, actual] = [partitionOf(region), partitionInArn(identity.arn)]
  if (partition !== actual) {
    return {
      ...about,
      status: 'failure',
      message: `The region ${region} is in the partition ${partition}, and the credential ${id} in ${actual}`,
      next: 'Use a credential of the partition, or another region'
    }
  }
  if (account !== undefined && account !== identity.account) {
    return {
      ...about,
      status: 'failure',
      message: `It is declared to be in the account ${account}, and the credential ${id} is of ${identity.account}. The gateway refuses the credential there`,
      next: `Correct environments.${name}.account, or use a credential of the account`
    }
  }
  if (account === undefined && !isRole(definition)) {
    return {
      ...about,
      status: 'warning',
      message: `Nothing says which account it is in, so the gateway would use ${id} there even with the keys of another account`,
      next: `Set account: "${identity.account}" in environments.${name}`
    }
  }
  return { ...about, status: 'ok', message: `The credential ${id} is of the account ${identity.account}, as declared` }
}
