import type { AccessKey } from '#src/aws-protocol/signature'
import { parsePolicy } from './policies/parse.ts'
import { PolicyError } from './policies/policy-error.ts'
import type { Policy } from './policies/policy.ts'
import { rootArn, uniqueId, type Principal } from './principal.ts'

/** An AWS account and a pair of keys that belongs to it; an account can have several, each with an entry of its own. */
export interface Account {
  /** Twelve digits. */
  accountId: string
  accessKeyId: string
  secretAccessKey: string
  /** Whom the keys belong to: the account's owner, or with identity policies the user that has the access key's ID for a name. */
  arn?: string
  /** What the keys' owner may do, as documents of AWS's policy language; everything, where there are none. */
  identityPolicies?: readonly string[]
  /** The AWS service, as `rds`, whose keys these are, if they are a service's: it alone may change the secrets that it makes. */
  service?: string
}

const everything: Policy = parsePolicy(JSON.stringify({
  Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' }
}), 'identity')

/** The keys by their IDs; throws, naming the key, if an ID is there twice, or if a policy or an ARN is wrong. */
export function accessKeysOf (accounts: readonly Account[]): ReadonlyMap<string, AccessKey<Principal>> {
  const keys = new Map(accounts.map((account) => {
    const { accessKeyId, secretAccessKey } = account
    return [accessKeyId, { secretAccessKey, principal: principalOf(account) }]
  }))
  if (keys.size < accounts.length) throw new Error('Two accounts have the same access key ID')
  return keys
}

function principalOf ({ accountId, accessKeyId, arn, identityPolicies, service }: Account): Principal {
  const usualArn = identityPolicies === undefined ? rootArn(accountId) : `arn:aws:iam::${accountId}:user/${accessKeyId}`
  const ownArn = arn ?? usualArn
  const userId = ownArn === rootArn(accountId) ? accountId : uniqueId('AIDA', ownArn)
  const principal = { accountId, arn: ownArn, userId, identityPolicies: [everything], service }
  if (!new RegExp(`^arn:aws:(?:iam|sts)::${accountId}:.`).test(principal.arn)) {
    throw new Error(`The access key ${accessKeyId} has the ARN ${principal.arn}, which is none of the account ${accountId}`)
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
