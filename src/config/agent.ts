import { Type, type Static } from '@sinclair/typebox'
import { environmentNamePattern, type Environment } from '#src/environments/environment'
import { closed } from '#src/schema/types'
import type { ConfigIssue } from './issues.ts'

/** The `agent` section of the configuration file: the routes of AWS's Secrets Manager Agent. */
export const AgentSchema = Type.Object({
  environments: Type.Array(Type.String({ pattern: environmentNamePattern }), { minItems: 1, uniqueItems: true }),
  tokenHeaders: Type.Optional(Type.Array(
    Type.String({ pattern: '^[Xx]-[A-Za-z0-9-]{1,62}$', description: 'the name of a header, which begins with X-' }),
    { minItems: 1, maxItems: 10, uniqueItems: true }
  )),
  pathPrefix: Type.Optional(Type.String({
    maxLength: 100,
    pattern: '^/(?:[A-Za-z0-9_-]+/)+$',
    description: 'a path that begins and ends with a slash'
  }))
}, closed)

/** The settings of the agent's routes. */
export interface AgentSettings {
  /** The names of the environments whose secrets can be read. */
  readonly environments: readonly string[]
  /** The headers that may contain the caller's token, in lower case. */
  readonly tokenHeaders: readonly string[]
  /** The part of the path before the name of the secret. */
  readonly pathPrefix: string
}

export const defaultPathPrefix = '/v1/'

/** Fills in the defaults of the `agent` section, which are those of AWS's agent. */
export const agentFrom = ({
  environments,
  tokenHeaders = ['X-Aws-Parameters-Secrets-Token', 'X-Vault-Token'],
  pathPrefix = defaultPathPrefix
}: Static<typeof AgentSchema>): AgentSettings =>
  ({ environments, tokenHeaders: tokenHeaders.map((name) => name.toLowerCase()), pathPrefix })

/** Matches headers that have another meaning. A token in one of them could be logged. */
const reservedHeader = /^x-(?:request-id|forwarded-.*)$/

/** The first segments of the gateway's other paths. */
export const reservedPaths: ReadonlySet<string> = new Set([
  'auth', 'authorization', 'cache', 'consistency', 'credentials', 'docs', 'environments', 'health', 'jobs', 'ping', 'secretsmanager'
])

/** Yields the issues that the schema can't detect. */
export function* agentIssues (
  { agent, environments }: { agent?: AgentSettings, environments: ReadonlyMap<string, Environment> }
): Generator<ConfigIssue> {
  if (agent === undefined) return
  for (const [index, name] of agent.environments.entries()) {
    if (environments.has(name)) continue
    yield { key: `agent.environments.${index}`, found: name, expected: `one of: ${[...environments.keys()].join(', ')}` }
  }
  for (const [index, name] of agent.tokenHeaders.entries()) {
    if (!reservedHeader.test(name)) continue
    yield { key: `agent.tokenHeaders.${index}`, found: name, expected: 'a header that has no other meaning' }
  }
  const [, first = ''] = agent.pathPrefix.split('/')
  if (reservedPaths.has(first)) {
    yield { key: 'agent.pathPrefix', found: agent.pathPrefix, expected: 'a path that the gateway does not use itself' }
  }
}
