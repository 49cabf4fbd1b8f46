import { requestQuotas } from '#src/aws-model/limits'
import type { Operation } from '#src/aws-model/shapes'
import type { Config } from '#src/config/config'
import { accountNames } from '#src/credentials/accounts'
import type { Environment } from '#src/environments/environment'
import type { Finding } from './findings.ts'

/** An account and region. AWS counts requests per account and region. */
interface Place {
  readonly account: string
  readonly region: string
  readonly environments: Set<Environment>
  /**
   * The identifiers under which the gateway counts the account's calls, each with one of the account's credentials. There is more
   * than one if the configuration does not show that the credentials belong to the same account.
   */
  readonly assumed: Map<string, string>
}

/** Returns the AWS account of a credential, if known. */
type AccountOf = (credentialId: string) => string | undefined

/** Compares the calls that the configuration allows with AWS's quotas. */
export function quotaFindings (config: Config, environments: readonly Environment[], accountOf: AccountOf): Finding[] {
  return placesOf(config, environments, accountOf).flatMap((place) => [shareFinding(config, place), limitFinding(config, place)])
}

function placesOf (config: Config, environments: readonly Environment[], accountOf: AccountOf): Place[] {
  const names = accountNames(config.credentials, config.environments.values())
  const places = new Map<string, Place>()
  for (const environment of environments) {
    const { region } = environment
    for (const id of environment.allowedCredentials) {
      const assumed = names.get(id) ?? id
      const account = accountOf(id) ?? assumed
      const key = `${account} ${region}`
      const place = places.get(key) ?? { account, region, environments: new Set(), assumed: new Map() }
      place.environments.add(environment)
      place.assumed.set(assumed, id)
      places.set(key, place)
    }
  }
  return [...places.values()]
}

const subjectOf = ({ account, region }: Place): string => `account ${account} in ${region}`

const percent = (share: number): string => `${Math.round(100 * share)} %`

/** Returns the calls per second that a share of an operation's quota allows. */
const callsIn = (share: number, operation: Operation): number =>
  Math.round(share * (requestQuotas.find(({ operations }) => operations.includes(operation))?.perSecond ?? 0))

const namesOf = ({ environments }: Place): string => Array.from(environments, ({ name }) => name).join(', ')

/** Checks that all credentials of one account share its quotas. */
function shareFinding ({ aws: { quotaShare }, shared }: Config, place: Place): Finding {
  const about = { subject: subjectOf(place), check: 'quota' } as const
  const total = quotaShare * place.assumed.size
  if (total > 1) {
    const withoutAccount = Array.from(place.environments).filter(({ account }) => account === undefined)
    return {
      ...about,
      status: 'warning',
      message: `The configuration does not say that ${[...place.assumed.values()].join(' and ')} belong to one account, so the gateway takes ${percent(total)} of its quotas, and AWS throttles the rest`,
      next: `Set account: "${place.account}" in ${withoutAccount.map(({ name }) => `environments.${name}`).join(', ')}`
    }
  }
  const who = shared === undefined ? 'This process takes' : 'All replicas together take'
  const message = `${who} up to ${percent(total)} of AWS's quotas: ${callsIn(total, 'GetSecretValue')} GetSecretValue and ${callsIn(total, 'PutSecretValue')} PutSecretValue a second`
  if (shared !== undefined || total < 1) return { ...about, status: 'ok', message }
  return { ...about, status: 'ok', message, next: 'If several processes run, configure shared, or set aws.quotaShare to 1 divided by their number' }
}

/** Checks that callers can't send more reads than AWS serves. */
function limitFinding ({ aws: { quotaShare, queueTime }, limits }: Config, place: Place): Finding {
  const { requests, window } = limits.environment
  const about = { subject: subjectOf(place), check: 'limits' } as const
  const allowed = Math.round(1_000 * requests / window) * place.environments.size
  const served = callsIn(Math.min(1, quotaShare * place.assumed.size), 'GetSecretValue')
  const message = `Callers may send ${allowed} requests a second to ${namesOf(place)}`
  if (allowed <= served) return { ...about, status: 'ok', message }
  return {
    ...about,
    status: 'warning',
    message: `${message}, but only ${served} reads of them reach AWS. What the cache can't answer waits up to ${queueTime / 1_000} seconds, and is then refused`,
    next: 'Lower limits.perEnvironment, or raise aws.quotaShare'
  }
}
