import type { ApiKey } from '../authentication/api-keys.ts'
import type { Grant } from '../authorization/grants.ts'
import type { CredentialDefinition } from '../credentials/definition.ts'
import { environmentFrom, type Environment } from '../environments/environment.ts'
import { ConfigError, type Mistake } from './mistakes.ts'
import type { ConfigFile } from './schema.ts'

/** The configuration as the gateway works with it: checked, defaults filled in, looked up through maps. */
export interface Config {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
  readonly apiKeys: readonly ApiKey[]
  readonly grants: readonly Grant[]
  /** Where to send what would go to AWS. */
  readonly endpoint?: string
}

/** What the file declares; the local mode declares credentials of a kind that no file can. */
type Declared = Omit<ConfigFile, 'credentials'> & { credentials: Readonly<Record<string, CredentialDefinition>> }

/**
 * Fills in the defaults and checks what a schema can't: that each name that stands for something stands for something declared.
 *
 * @throws ConfigError with every mistake
 */
export function configFrom (file: Declared): Config {
  const config: Config = {
    environments: new Map(Object.entries(file.environments).map(([name, declared]) => [name, environmentFrom(name, declared)])),
    credentials: new Map(Object.entries(file.credentials)),
    apiKeys: file.authentication.apiKeys,
    grants: file.authorization.grants,
    ...(file.aws?.endpoint !== undefined && { endpoint: file.aws.endpoint })
  }
  const mistakes = checks.flatMap((check) => [...check(config)])
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return config
}

function* undeclaredCredentials ({ environments, credentials }: Config): Generator<Mistake> {
  for (const { name, allowedCredentials } of environments.values()) {
    for (const id of allowedCredentials) {
      if (credentials.has(id)) continue
      yield { key: `environments.${name}`, found: `the credential ${id}`, expected: `one of: ${[...credentials.keys()].join(', ')}` }
    }
  }
}

/** Two environments that one credential sees in one region must not see each other's secrets. */
function* overlappingPrefixes ({ environments }: Config): Generator<Mistake> {
  for (const one of environments.values()) {
    for (const other of environments.values()) {
      const shared = one.region === other.region && one.allowedCredentials.some((id) => other.allowedCredentials.includes(id))
      if (one === other || !shared || !other.namePrefix.startsWith(one.namePrefix)) continue
      yield {
        key: `environments.${one.name}.namePrefix`,
        found: JSON.stringify(one.namePrefix),
        expected: `a prefix that does not cover that of ${other.name}, which shares a credential and the region`
      }
    }
  }
}

function* replicatedToItself ({ environments }: Config): Generator<Mistake> {
  for (const { name, region, replicaRegions } of environments.values()) {
    if (!replicaRegions.includes(region)) continue
    yield { key: `environments.${name}.replicaRegions`, found: region, expected: 'other regions than the environment\'s own' }
  }
}

function* undeclaredInGrants ({ environments, credentials, grants }: Config): Generator<Mistake> {
  for (const [index, grant] of grants.entries()) {
    const key = `authorization.grants.${index}`
    for (const found of grant.environments) {
      if (found === '*' || environments.has(found)) continue
      yield { key: `${key}.environments`, found, expected: `*, or one of: ${[...environments.keys()].join(', ')}` }
    }
    for (const found of grant.credentials ?? []) {
      if (!credentials.has(found)) yield { key: `${key}.credentials`, found, expected: `one of: ${[...credentials.keys()].join(', ')}` }
    }
  }
}

function* unusableKeys ({ apiKeys }: Config): Generator<Mistake> {
  const seen = new Set<string>()
  for (const [index, { hash, expires }] of apiKeys.entries()) {
    if (expires !== undefined && Number.isNaN(Date.parse(expires))) {
      yield { key: `authentication.apiKeys.${index}.expires`, found: expires, expected: 'a day of the calendar' }
    }
    if (seen.has(hash)) yield { key: `authentication.apiKeys.${index}.hash`, found: 'the hash of another key', expected: 'a key of its own' }
    seen.add(hash)
  }
}

const checks = [undeclaredCredentials, overlappingPrefixes, replicatedToItself, undeclaredInGrants, unusableKeys]
