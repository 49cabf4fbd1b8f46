import t from 'tap'
import { FileSchema, VariablesSchema } from '#src/config/schema'

/** The keywords of JSON Schema that bound a number, a string, a list or an object. */
const keywords = [
  'minimum', 'exclusiveMinimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'
]

/** The keywords that contain the schemas of members and elements. They are not part of a bound's path. */
const transparent = new Set(['properties', 'patternProperties', 'items', 'oneOf', 'additionalProperties'])

/** Yields the bounds of a schema and of all schemas in it, each with its path. */
function* boundsOf (schema: object, path: readonly string[] = []): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(schema) as [string, unknown][]) {
    if (keywords.includes(key) && typeof value !== 'object') yield [[...path, key].join(' '), value]
    const step = transparent.has(key) ? [] : key.startsWith('^') ? ['*'] : [key]
    if (typeof value === 'object' && value !== null) yield* boundsOf(value, [...path, ...step])
  }
}

// The bounds of `tags` and `recoveryWindowInDays` are those of AWS, which test/contract/limits.test.ts checks.
t.test('the bounds of the configuration file', async (t) => {
  t.strictSame(Object.fromEntries(boundsOf(FileSchema)), {
    'environments minProperties': 1,
    'environments * region minLength': 1,
    'environments * region maxLength': 128,
    'environments * allowedCredentials uniqueItems': true,
    'environments * namePrefix maxLength': 256,
    'environments * kmsKeyId minLength': 1,
    'environments * kmsKeyId maxLength': 2_048,
    'environments * tags propertyNames minLength': 1,
    'environments * tags propertyNames maxLength': 128,
    'environments * tags minLength': 0,
    'environments * tags maxLength': 256,
    'environments * tags maxProperties': 50,
    'environments * replicaRegions uniqueItems': true,
    'environments * replicaRegions minLength': 1,
    'environments * replicaRegions maxLength': 128,
    'environments * recoveryWindowInDays minimum': 7,
    'environments * recoveryWindowInDays maximum': 30,
    'environments * requiredSecrets uniqueItems': true,
    'environments * requiredSecrets maxLength': 512,
    'environments * posture rotatedWithinDays minimum': 1,
    'environments * posture rotatedWithinDays maximum': 1_000,
    'environments * posture unusedForDays minimum': 1,
    'environments * posture unusedForDays maximum': 1_000,
    'environments * posture requiredTags minLength': 1,
    'environments * posture requiredTags maxLength': 128,
    'environments * posture requiredTags uniqueItems': true,
    'environments * posture requiredTags maxItems': 50,
    'environments * cache ttlSeconds minimum': 0,
    'environments * cache ttlSeconds maximum': 86_400,
    'environments * cache staleIfErrorSeconds minimum': 0,
    'environments * cache staleIfErrorSeconds maximum': 86_400,
    'credentials * 0 region minLength': 1,
    'credentials * 0 region maxLength': 128,
    'credentials * 1 profile minLength': 1,
    'credentials * 1 region minLength': 1,
    'credentials * 1 region maxLength': 128,
    'credentials * 2 accessKeyIdVariable minLength': 1,
    'credentials * 2 secretAccessKeyVariable minLength': 1,
    'credentials * 2 sessionTokenVariable minLength': 1,
    'credentials * 2 region minLength': 1,
    'credentials * 2 region maxLength': 128,
    'credentials * 3 roleArn maxLength': 2_048,
    'credentials * 3 durationSeconds minimum': 900,
    'credentials * 3 durationSeconds maximum': 43_200,
    'credentials * 3 externalId minLength': 2,
    'credentials * 3 externalId maxLength': 1_224,
    'credentials * 3 region minLength': 1,
    'credentials * 3 region maxLength': 128,
    'credentials * 4 roleArn maxLength': 2_048,
    'credentials * 4 durationSeconds minimum': 900,
    'credentials * 4 durationSeconds maximum': 43_200,
    'credentials * 4 tokenFile minLength': 1,
    'credentials * 4 region minLength': 1,
    'credentials * 4 region maxLength': 128,
    'server trustedProxies uniqueItems': true,
    'server cursorKeyFiles minItems': 1,
    'server cursorKeyFiles uniqueItems': true,
    'server cursorKeyFiles minLength': 1,
    'server tls certificateFile minLength': 1,
    'server tls keyFile minLength': 1,
    'server tls clientCertificates authorityFile minLength': 1,
    'server connections maximum minimum': 1,
    'server connections maximum maximum': 1_000_000,
    'server connections maximumPerAddress minimum': 1,
    'server connections maximumPerAddress maximum': 1_000_000,
    'server connections eventStreamsPerCaller minimum': 1,
    'server connections eventStreamsPerCaller maximum': 1_000_000,
    'server connections waitsPerCaller minimum': 1,
    'server connections waitsPerCaller maximum': 1_000_000,
    'server connections longestWaitSeconds minimum': 1,
    'server connections longestWaitSeconds maximum': 3_600,
    'server connections unsentBytes minimum': 1_048_576,
    'server connections handshakeTimeoutSeconds minimum': 0.1,
    'server connections handshakeTimeoutSeconds maximum': 3_600,
    'server connections headersTimeoutSeconds minimum': 0.1,
    'server connections headersTimeoutSeconds maximum': 3_600,
    'server connections requestTimeoutSeconds minimum': 0.1,
    'server connections requestTimeoutSeconds maximum': 3_600,
    'server connections replyTimeoutSeconds minimum': 0.1,
    'server connections replyTimeoutSeconds maximum': 3_600,
    'server memory budgetBytes minimum': 134_217_728,
    'server overload heapShare minimum': 0.5,
    'server overload heapShare maximum': 0.95,
    'server overload loopDelayMilliseconds minimum': 50,
    'server overload loopDelayMilliseconds maximum': 60_000,
    'server shutdown delaySeconds minimum': 0,
    'server shutdown delaySeconds maximum': 300,
    'server shutdown graceSeconds minimum': 0,
    'server shutdown graceSeconds maximum': 3_600,
    'server metrics host minLength': 1,
    'server metrics port minimum': 0,
    'server metrics port maximum': 65_535,
    'authentication apiKeys groups uniqueItems': true,
    'authentication oidc algorithms minItems': 1,
    'authentication oidc algorithms uniqueItems': true,
    'authentication oidc clockToleranceSeconds minimum': 0,
    'authentication oidc clockToleranceSeconds maximum': 300,
    'authentication oidc maximumLifetimeSeconds minimum': 60,
    'authentication oidc maximumLifetimeSeconds maximum': 31_622_400,
    'authentication oidc login scope minLength': 1,
    'authentication oidc login scope maxLength': 1_024,
    'authentication oidc login parameters maxProperties': 16,
    'authentication oidc login parameters * minLength': 1,
    'authentication oidc login parameters * maxLength': 1_024,
    'authentication aws regions minItems': 1,
    'authentication aws regions uniqueItems': true,
    'authentication aws identities minItems': 1,
    'authentication aws identities groups uniqueItems': true,
    'authentication aws tokenKeyFiles minItems': 1,
    'authentication aws tokenKeyFiles uniqueItems': true,
    'authentication aws tokenKeyFiles minLength': 1,
    'authentication aws tokenLifetimeSeconds minimum': 60,
    'authentication aws tokenLifetimeSeconds maximum': 3_600,
    'authentication aws maximumAgeSeconds minimum': 10,
    'authentication aws maximumAgeSeconds maximum': 900,
    'authentication groups * callers uniqueItems': true,
    'authentication groups * callers minLength': 1,
    'authentication groups * groups uniqueItems': true,
    'authentication groups * groups minLength': 1,
    'authorization policies minLength': 1,
    'audit file minLength': 1,
    'audit keyFile minLength': 1,
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
    'limits refreshes requestsPerSecond exclusiveMinimum': 0,
    'limits refreshes requestsPerSecond maximum': 1_000_000,
    'limits refreshes burst minimum': 1,
    'limits refreshes burst maximum': 100_000_000,
    'limits unauthenticated requestsPerSecond exclusiveMinimum': 0,
    'limits unauthenticated requestsPerSecond maximum': 1_000_000,
    'limits unauthenticated burst minimum': 1,
    'limits unauthenticated burst maximum': 100_000_000,
    'aws quotaShare minimum': 0.1,
    'aws quotaShare maximum': 1,
    'aws deadlineSeconds minimum': 0.1,
    'aws deadlineSeconds maximum': 300,
    'aws stsDeadlineSeconds minimum': 0.1,
    'aws stsDeadlineSeconds maximum': 300,
    'aws slots minimum': 1,
    'aws slots maximum': 10_000,
    'aws backgroundSlots minimum': 1,
    'aws backgroundSlots maximum': 10_000,
    'aws queueLength minimum': 1,
    'aws queueLength maximum': 100_000,
    'aws queueSeconds minimum': 0.1,
    'aws queueSeconds maximum': 300,
    'cache ttlSeconds minimum': 0,
    'cache ttlSeconds maximum': 86_400,
    'cache staleIfErrorSeconds minimum': 0,
    'cache staleIfErrorSeconds maximum': 86_400,
    'cache maximumBytes minimum': 1_048_576,
    'cache events maxItems': 100,
    'cache events queueUrl maxLength': 2_048,
    'cache events region minLength': 1,
    'cache events region maxLength': 128,
    'log cacheHits minimum': 0,
    'log cacheHits maximum': 1,
    'agent environments minItems': 1,
    'agent environments uniqueItems': true,
    'agent tokenHeaders minItems': 1,
    'agent tokenHeaders maxItems': 10,
    'agent tokenHeaders uniqueItems': true,
    'agent pathPrefix maxLength': 100,
    'shared url maxLength': 512,
    'shared keyFile minLength': 1,
    'shared username minLength': 1,
    'shared username maxLength': 256,
    'shared passwordFile minLength': 1,
    'shared authorityFile minLength': 1,
    'shared timeoutMilliseconds minimum': 5,
    'shared timeoutMilliseconds maximum': 1_000,
    'shared replicas minimum': 1,
    'shared replicas maximum': 1_000
  })
})

t.test('the bounds of the environment variables', async (t) => {
  t.strictSame(Object.fromEntries(boundsOf(VariablesSchema)), {
    'GATEWAY_CONFIG minLength': 1,
    'HOST minLength': 1,
    'PORT minimum': 0,
    'PORT maximum': 65_535,
    'GATEWAY_DATA_DIR minLength': 1,
    'GATEWAY_REALISTIC minLength': 1,
    'GATEWAY_REALISTIC maxLength': 100,
    'GATEWAY_RELOAD_SECONDS minimum': 1,
    'GATEWAY_RELOAD_SECONDS maximum': 3_600,
    'OTEL_SERVICE_NAME minLength': 1,
    'OTEL_SERVICE_NAME maxLength': 255,
    'OTEL_EXPORTER_OTLP_ENDPOINT maxLength': 2_048,
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT maxLength': 2_048,
    'OTEL_TRACES_SAMPLER_ARG minimum': 0,
    'OTEL_TRACES_SAMPLER_ARG maximum': 1,
    'OTEL_BSP_MAX_QUEUE_SIZE minimum': 1,
    'OTEL_BSP_MAX_QUEUE_SIZE maximum': 1_000_000,
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE minimum': 1,
    'OTEL_BSP_MAX_EXPORT_BATCH_SIZE maximum': 100_000,
    'OTEL_BSP_SCHEDULE_DELAY minimum': 1,
    'OTEL_BSP_SCHEDULE_DELAY maximum': 600_000
  })
})

t.test('no string in the configuration may be empty, apart from prefixes, the values of tags, and addresses that are parsed', async (t) => {
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
