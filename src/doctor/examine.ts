import pMap from 'p-map'
import type { Action } from '#src/authorization/actions'
import type { Identity } from '#src/aws/identity'
import { openProbe, type Probe } from '#src/aws/probe'
import type { Config } from '#src/config/config'
import { sourcesOf, stsRegion, type CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import { accountFinding } from './accounts.ts'
import { credentialFindings, identityOf, tryCredential, type TriedCredential } from './credentials.ts'
import { clockFinding, endpointFinding, isReached, locate, visit, type Called } from './endpoints.ts'
import type { Clocks, Finding } from './findings.ts'
import { quotaFindings } from './quotas.ts'
import { rightsFindings } from './rights.ts'

export interface Examination {
  readonly config: Config
  /** The environments to check. */
  readonly environments: readonly Environment[]
  /** The actions that callers use. Defaults to all. */
  readonly actions?: readonly Action[]
  /** Returns the command that prints the IAM policy of an environment. */
  readonly policyCommand: (environment: string) => string
  readonly clocks: Clocks
  /** Called when a part of the work is completed. */
  readonly onProgress: (done: number, total: number) => void
}

/** The maximum number of endpoints, credentials or environments that are checked at the same time. */
const concurrency = 4

/**
 * Checks a configuration against AWS, and reports the result of each check. Changes nothing in AWS, and reads no value of a
 * secret.
 */
export async function examine (examination: Examination): Promise<Finding[]> {
  const { config } = examination
  const { credentials, environments, aws } = config
  const probe = openProbe({
    credentials, aws, now: examination.clocks.now, stsRegion: (id) => stsRegion(credentials, environments.values(), id)
  })
  try {
    return await findingsOf(examination, probe)
  } finally {
    probe.close()
  }
}

/** An environment, and a credential that it allows. */
interface Use {
  readonly environment: Environment
  readonly credentialId: string
}

async function findingsOf (examination: Examination, probe: Probe): Promise<Finding[]> {
  const { config, environments, clocks, onProgress } = examination
  const uses = environments.flatMap((environment) =>
    environment.allowedCredentials.map((credentialId): Use => ({ environment, credentialId })))
  const credentials = credentialsFor(config, environments)
  const { endpoints, failures } = await locate(probe, callsOf(config, uses, [...credentials.keys()]))

  let done = 0
  const total = endpoints.length + credentials.size + uses.length
  const each = async <Item, Result>(items: Iterable<Item>, work: (item: Item) => Promise<Result>): Promise<Result[]> =>
    pMap(items, async (item) => {
      const result = await work(item)
      onProgress(++done, total)
      return result
    }, { concurrency })

  onProgress(done, total)
  const visited = await each(endpoints, async (endpoint) => visit(endpoint, clocks))
  const tried = new Map(await each(credentials, async ([id, definition]) =>
    [id, await tryCredential(id, definition, probe, clocks)] as const))
  const ofUses = await each(uses, async (use) => useFindings(use, {
    tried: tried.get(use.credentialId),
    isReached: visited.some(({ result, calls }) => isReached(result) && calls.some((call) => isFor(call, use))),
    rights: async (identity) => rightsFindings({ ...use, identity }, { ...examination, probe })
  }))
  return [
    clockFinding(visited),
    ...failures,
    ...visited.map(endpointFinding),
    ...Array.from(tried.values()).flatMap((credential) => credentialFindings(credential, tried)),
    ...ofUses.flat(),
    ...quotaFindings(config, environments, (id) => identityOf(tried.get(id))?.account)
  ]
}

/**
 * Returns the credentials that the environments use, with their sources. If all environments are checked, includes unused
 * credentials.
 */
function credentialsFor (config: Config, environments: readonly Environment[]): Map<string, CredentialDefinition> {
  const used = new Set(environments.flatMap(({ allowedCredentials }) =>
    allowedCredentials.flatMap((id) => [...sourcesOf(config.credentials, id)])))
  const isWhole = environments.length === config.environments.size
  return new Map(Array.from(config.credentials).filter(([id]) => isWhole || used.has(id)))
}

const callsOf = ({ credentials, environments }: Config, uses: readonly Use[], ids: readonly string[]): Called[] => [
  ...uses.map(({ environment: { name, region }, credentialId }): Called => ({ service: 'Secrets Manager', credentialId, region, by: name })),
  ...ids.map((id): Called => ({ service: 'STS', credentialId: id, region: stsRegion(credentials, environments.values(), id), by: id }))
]

const isFor = ({ service, credentialId, by }: Called, use: Use): boolean =>
  service === 'Secrets Manager' && credentialId === use.credentialId && by === use.environment.name

interface Circumstances {
  readonly tried: TriedCredential | undefined
  /** True if the endpoint of Secrets Manager was reached. */
  readonly isReached: boolean
  readonly rights: (identity: Identity) => Promise<Finding[]>
}

/** Checks an environment with a credential: whether the credential belongs there, and what it may do. */
async function useFindings ({ environment, credentialId }: Use, { tried, isReached, rights }: Circumstances): Promise<Finding[]> {
  const identity = identityOf(tried)
  const subject = `environment ${environment.name}`
  const skipped = (message: string): Finding => ({ status: 'not-tried', subject, check: 'rights', message })
  if (tried === undefined || identity === undefined) return [skipped(`The keys of the credential ${credentialId} can't be used`)]
  const account = accountFinding(environment, tried, identity)
  if (account.status === 'failure') return [account, skipped(`The credential ${credentialId} does not belong to the environment`)]
  return [account, ...isReached ? await rights(identity) : [skipped('The endpoint of Secrets Manager was not reached')]]
}
