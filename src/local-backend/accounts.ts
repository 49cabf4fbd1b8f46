import type { AccessKey } from '#src/aws-protocol/signature'
import { parsePolicy } from './policies/parse.ts'
import { PolicyError } from './policies/policy-error.ts'
import type { Policy } from './policies/policy.ts'
import { rootArn, uniqueId, type Principal } from './principal.ts'

/** An access key and the AWS account that it belongs to. An account with several access keys needs one entry for each. */
export interface Account {
  /** The account's ID, twelve digits. */
  accountId: string
  accessKeyId: string
  secretAccessKey: string
  /**
   * The ARN of the key's owner. Defaults to the account's root user or, if `identityPolicies` is set, to an IAM user named after
   * the access key ID.
   */
  arn?: string
  /** The identity policies of the key's owner, as JSON documents. By default the owner has all permissions. */
  identityPolicies?: readonly string[]
  /** Set if the key belongs to an AWS service, such as `rds`. Only that service can change the secrets that it creates. */
  service?: string
}

const allowEverything: Policy = parsePolicy(JSON.stringify({
  Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' }
}), 'identity')

/**
 * Returns the access keys, keyed by access key ID.
 *
 * @throws Error if two entries have the same access key ID, or if an entry's ARN or policy is invalid; the message contains the
 * access key ID
 */
export function accessKeysOf (accounts: readonly Account[]): ReadonlyMap<string, AccessKey<Principal>> {
  const keys = new Map(accounts.map((account) => {
    const { accessKeyId, secretAccessKey } = account
    return [accessKeyId, { secretAccessKey, principal: principalOf(account) }]
  }))
  if (keys.size < accounts.length) throw new Error('Two accounts have the same access key ID')
  return keys
}

function principalOf ({ accountId, accessKeyId, arn, identityPolicies, service }: Account): Principal {
  const defaultArn = identityPolicies === undefined ? rootArn(accountId) : `arn:aws:iam::${accountId}:user/${accessKeyId}`
  const ownArn = arn ?? defaultArn
  const userId = ownArn === rootArn(accountId) ? accountId : uniqueId('AIDA', ownArn)
  const principal = { accountId, arn: ownArn, userId, identityPolicies: [allowEverything], service }
  if (!new RegExp(`^arn:aws[a-z-]*:(?:iam|sts)::${accountId}:.`).test(principal.arn)) {
    throw new Error(`The access key ${accessKeyId} has the ARN ${principal.arn}, which does not belong to the account ${accountId}`)
  }
  if (identityPolicies === undefined) return principal
  return { ...principal, identityPolicies: identityPolicies.map((text) => identityPolicy(accessKeyId, text)) }
}

function identityPolicy (accessKeyId: string, text: string): Policy {
  try {
    return parsePolicy(text, 'identity')
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new Error(`The identity policy of the access key ${accessKeyId} is malformed: ${error.message}`, { cause: error })
  }
}
