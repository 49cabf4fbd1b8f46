import type { AuditSettings } from '#src/audit/settings'
import type { AuthenticationSettings } from '#src/authentication/authenticator'
import type { PolicySet } from '#src/authorization/policies'
import type { AwsSettings } from '#src/aws/settings'
import type { CredentialDefinition } from '#src/credentials/definition'
import { environmentFrom, type Environment } from '#src/environments/environment'
import type { SharedSettings } from '#src/shared/settings'
import { agentFrom, agentIssues, type AgentSettings } from './agent.ts'
import { auditFrom } from './audit.ts'
import { authenticationFrom, authenticationIssues } from './authentication.ts'
import { policiesFrom, policyIssues, type DeclaredAuthorization } from './authorization.ts'
import { awsFrom } from './aws.ts'
import { cacheFrom, type CacheSettings } from './cache.ts'
import { credentialIssues } from './credentials.ts'
import { endpointIssues } from './endpoints.ts'
import { limitIssues, limitsFrom, type Limits } from './limits.ts'
import { ConfigError, type ConfigIssue } from './issues.ts'
import { logFrom, type LogSettings } from './log.ts'
import { overlappingPrefixes } from './overlaps.ts'
import { partitionIssues, regionIssues } from './regions.ts'
import type { ConfigFile } from './schema.ts'
import { serverFrom, serverIssues, type ServerSettings } from './server.ts'
import { sharedFrom } from './shared.ts'

/** The validated configuration, with its defaults filled in. */
export interface Config {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
  readonly server: ServerSettings
  readonly authentication: AuthenticationSettings
  readonly policies: PolicySet
  readonly audit: AuditSettings
  readonly limits: Limits
  readonly aws: AwsSettings
  readonly cache: CacheSettings
  readonly log: LogSettings
  /** Absent if the routes of AWS's agent are disabled. */
  readonly agent?: AgentSettings
  /** Absent if the process is the only one, or shares nothing with the others. */
  readonly shared?: SharedSettings
}

/** A parsed configuration file, or local mode's equivalent, which has built-in policies and `embedded` credentials. */
export type Declared = Omit<ConfigFile, 'credentials' | 'authorization'> & {
  credentials: Readonly<Record<string, CredentialDefinition>>
  authorization: DeclaredAuthorization
}

/**
 * Builds the configuration. Fills in the defaults, reads the files that the configuration names, and makes the checks that a
 * schema can't express, for example that every credential is declared.
 *
 * @param folder the base of relative paths
 * @throws ConfigError for the first file that can't be used, or with all issues that the checks found
 */
export function configFrom (file: Declared, folder = '.'): Config {
  const config: Config = {
    environments: new Map(Object.entries(file.environments).map(([name, declared]) => [name, environmentFrom(name, declared)])),
    credentials: new Map(Object.entries(file.credentials)),
    server: serverFrom(file.server ?? {}, folder),
    authentication: authenticationFrom(file.authentication, folder),
    policies: policiesFrom(file.authorization, folder),
    audit: auditFrom(file.audit ?? {}, folder),
    limits: limitsFrom(file.limits ?? {}),
    aws: awsFrom(file.aws ?? {}),
    cache: cacheFrom(file.cache ?? {}),
    log: logFrom(file.log ?? {}),
    ...file.agent !== undefined && { agent: agentFrom(file.agent) },
    ...file.shared !== undefined && { shared: sharedFrom(file.shared, folder) }
  }
  const issues = checks.flatMap((check) => [...check(config)])
  if (issues.length > 0) throw new ConfigError(issues)
  return config
}

function* undeclaredCredentials ({ environments, credentials, cache: { events } }: Config): Generator<ConfigIssue> {
  const expected = `one of: ${[...credentials.keys()].join(', ')}`
  for (const { name, allowedCredentials } of environments.values()) {
    for (const id of allowedCredentials) {
      if (credentials.has(id)) continue
      yield { key: `environments.${name}`, found: `the credential ${id}`, expected }
    }
  }
  for (const [index, { credential }] of events.entries()) {
    if (!credentials.has(credential)) yield { key: `cache.events.${index}.credential`, found: credential, expected }
  }
}

function* replicatedToItself ({ environments }: Config): Generator<ConfigIssue> {
  for (const { name, region, replicaRegions } of environments.values()) {
    if (!replicaRegions.includes(region)) continue
    yield { key: `environments.${name}.replicaRegions`, found: region, expected: 'regions other than the environment\'s own' }
  }
}

/** Yields an issue for each tag with a key that AWS reserves. AWS would refuse to create secrets with it. */
function* reservedTags ({ environments }: Config): Generator<ConfigIssue> {
  for (const { name, tags } of environments.values()) {
    for (const key of Object.keys(tags).filter((key) => key.toLowerCase().startsWith('aws:'))) {
      yield { key: `environments.${name}.tags`, found: key, expected: 'no key that begins with "aws:", which is reserved' }
    }
  }
}

const checks = [
  undeclaredCredentials, reservedTags, credentialIssues, regionIssues, partitionIssues, endpointIssues, overlappingPrefixes,
  replicatedToItself, policyIssues, authenticationIssues, serverIssues, limitIssues, agentIssues
]
