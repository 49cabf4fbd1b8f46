import { compareAccounts, type AccountRelation } from '#src/credentials/accounts'
import type { CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { ConfigIssue } from './issues.ts'

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
}

/** Two environments with secrets in the same region, where the name prefix of `other` begins with the name prefix of `one`. */
interface Overlap {
  readonly one: Environment
  readonly other: Environment
  readonly region: string
  readonly accounts: AccountRelation
}

function* overlaps ({ environments, credentials }: Declared): Generator<Overlap> {
  for (const one of environments.values()) {
    for (const other of environments.values()) {
      const region = sharedRegion(one, other)
      if (one === other || region === undefined || !other.namePrefix.startsWith(one.namePrefix)) continue
      yield { one, other, region, accounts: compareAccounts(credentials, one, other) }
    }
  }
}

/**
 * Yields an issue for each overlap of name prefixes between environments that have secrets in the same account and region. The
 * overlap would expose the secrets of one environment in the other.
 */
export function* overlappingPrefixes (declared: Declared): Generator<ConfigIssue> {
  for (const { one, other, region, accounts } of overlaps(declared)) {
    if (accounts !== 'same') continue
    yield {
      key: `environments.${one.name}.namePrefix`,
      found: JSON.stringify(one.namePrefix),
      expected: `a prefix that does not cover that of ${other.name}, which also has secrets in ${region}, in the same AWS account`
    }
  }
}

/** Returns a warning for each overlap of name prefixes that is harmless only if the environments are in different accounts. */
export const overlapWarnings = (declared: Declared): string[] => Array.from(overlaps(declared))
  .filter(({ accounts }) => accounts === 'unknown')
  .map(({ one, other, region }) => `The name prefix of ${one.name} covers that of ${other.name} in ${region}. Set the account of ` +
    'both environments, so that the gateway can tell whether one of them exposes the secrets of the other.')

/**
 * Returns a region in which both environments have secrets or replicas, or undefined if there is none. Also returns undefined if
 * environments in different regions have the same prefix. This is allowed, because a standby environment shows the replicas of a
 * primary environment under the same names.
 */
function sharedRegion (one: Environment, other: Environment): string | undefined {
  if (one.region === other.region) return one.region
  if (one.namePrefix === other.namePrefix) return undefined
  const regions = new Set([other.region, ...other.replicaRegions])
  return [one.region, ...one.replicaRegions].find((region) => regions.has(region))
}
