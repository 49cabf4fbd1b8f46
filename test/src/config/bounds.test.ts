import t from 'tap'
import { FileSchema, VariablesSchema } from '#src/config/schema'

/** The keywords of JSON Schema that bound a value or a list. */
const keywords = ['minimum', 'exclusiveMinimum', 'maximum', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties']

/** The keywords that lead from a schema to those of its members and elements, without being part of their path. */
const transparent = new Set(['properties', 'patternProperties', 'items', 'oneOf', 'additionalProperties'])

/** Yields the bounds of a schema and of all schemas in it, each with its path. */
function* boundsOf (schema: object, path: readonly string[] = []): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(schema) as [string, unknown][]) {
    if (keywords.includes(key)) yield [[...path, key].join(' '), value]
    const step = transparent.has(key) ? [] : key.startsWith('^') ? ['*'] : [key]
    if (typeof value === 'object' && value !== null) yield* boundsOf(value, [...path, ...step])
  }
}

// The bounds of `tags` and `recoveryWindowInDays` are those of AWS, which test/contract/limits.test.ts checks.
t.test('the bounds of the configuration file', async (t) => {
  t.strictSame(Object.fromEntries(boundsOf(FileSchema)), {
    'environments minProperties': 1,
    'environments * allowedCredentials uniqueItems': true,
    'environments * tags maxProperties': 50,
    'environments * replicaRegions uniqueItems': true,
    'environments * recoveryWindowInDays minimum': 7,
    'environments * recoveryWindowInDays maximum': 30,
    'environments * requiredSecrets uniqueItems': true,
    'credentials * 3 durationSeconds minimum': 900,
    'credentials * 3 durationSeconds maximum': 43_200,
    'credentials * 4 durationSeconds minimum': 900,
    'credentials * 4 durationSeconds maximum': 43_200,
    'server trustedProxies uniqueItems': true,
    'server cursorKeyFiles minItems': 1,
    'server cursorKeyFiles uniqueItems': true,
    'authentication apiKeys groups uniqueItems': true,
    'authentication oidc algorithms minItems': 1,
    'authentication oidc algorithms uniqueItems': true,
    'authentication oidc clockToleranceSeconds minimum': 0,
    'authentication oidc clockToleranceSeconds maximum': 300,
    'authentication oidc maximumLifetimeSeconds minimum': 60,
    'authentication oidc maximumLifetimeSeconds maximum': 31_622_400,
    'authentication aws regions minItems': 1,
    'authentication aws regions uniqueItems': true,
    'authentication aws identities minItems': 1,
    'authentication aws identities groups uniqueItems': true,
    'authentication aws tokenKeyFiles minItems': 1,
    'authentication aws tokenKeyFiles uniqueItems': true,
    'authentication aws tokenLifetimeSeconds minimum': 60,
    'authentication aws tokenLifetimeSeconds maximum': 3_600,
    'authentication aws maximumAgeSeconds minimum': 10,
    'authentication aws maximumAgeSeconds maximum': 900,
    'authentication groups * callers uniqueItems': true,
    'authentication groups * groups uniqueItems': true,
    'audit timeoutSeconds exclusiveMinimum': 0,
    'audit timeoutSeconds maximum': 60,
    'limits requestsPerSecond exclusiveMinimum': 0,
    'limits requestsPerSecond maximum': 1_000_000,
    'limits burst minimum': 1,
    'limits burst maximum': 100_000_000,
    'limits perEnvironment requestsPerSecond exclusiveMinimum': 0,
    'limits perEnvironment requestsPerSecond maximum': 1_000_000,
    'limits perEnvironment burst minimum': 1,
    'limits perEnvironment burst maximum': 100_000_000,
    'limits unauthenticated requestsPerSecond exclusiveMinimum': 0,
    'limits unauthenticated requestsPerSecond maximum': 1_000_000,
    'limits unauthenticated burst minimum': 1,
    'limits unauthenticated burst maximum': 100_000_000,
    'aws quotaShare minimum': 0.1,
    'aws quotaShare maximum': 1
  })
})

t.test('the bounds of the environment variables', async (t) => {
  t.strictSame(Object.fromEntries(boundsOf(VariablesSchema)), { 'PORT minimum': 0, 'PORT maximum': 65_535 })
})

t.test('no text in the configuration may be empty, apart from prefixes, the values of tags, and addresses that are parsed', async (t) => {
  const empty: string[] = []
  const visit = (schema: object, path: readonly string[]): void => {
    const { type, minLength = 0, pattern, ...others } = schema as { type?: string, minLength?: number, pattern?: string }
    const isListed = 'enum' in others || 'const' in others
    const isEmptyAllowed = minLength === 0 && !isListed && (pattern === undefined || new RegExp(pattern, 'u').test(''))
    if (type === 'string' && isEmptyAllowed) empty.push(path.join(' '))
    for (const [key, value] of Object.entries(schema) as [string, unknown][]) {
      const step = transparent.has(key) ? [] : key.startsWith('^') ? ['*'] : [key]
      if (typeof value === 'object' && value !== null) visit(value, [...path, ...step])
    }
  }
  visit(FileSchema, [])
  visit(VariablesSchema, [])
  t.same(empty, ['environments * namePrefix', 'environments * tags', 'server trustedProxies'])
})
