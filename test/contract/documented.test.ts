import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { pauses as breakerPauses, tolerated } from '#src/admission/breaker'
import { closedFor, kept as bucketsKept } from '#src/admission/fleet-buckets'
import { defaultLifetime } from '#src/authentication/gateway-token'
import { cooldown, maximumAge, refreshAfter } from '#src/authentication/key-set'
import { cacheTime, maximumTokens, maximumTokensOfOne } from '#src/authentication/verified-tokens'
import { consistencyWindow } from '#src/aws/eventual-consistency'
import { attempts } from '#src/aws/retry'
import { requestQuotas } from '#src/aws-model/limits'
import type { Operation } from '#src/aws-model/shapes'
import { settlingTimes } from '#src/cache/dropping-writes'
import { renewal } from '#src/cache/fetcher'
import { absenceTime, pauseAfterFailure, settlingTtl } from '#src/cache/settings'
import { agentFrom } from '#src/config/agent'
import { auditFrom } from '#src/config/audit'
import { awsFrom } from '#src/config/aws'
import { cacheFrom } from '#src/config/cache'
import { connectionsFrom } from '#src/config/connections'
import { limitsFrom, type Limit } from '#src/config/limits'
import { logFrom } from '#src/config/log'
import { overloadFrom } from '#src/config/overload'
import { FileSchema } from '#src/config/schema'
import { sharedFrom } from '#src/config/shared'
import { shutdownFrom } from '#src/config/shutdown'
import { differences as clockDifferences } from '#src/doctor/endpoints'
import { environmentFrom } from '#src/environments/environment'
import { jobBytes } from '#src/jobs/ended-jobs'
import { jobLimits } from '#src/jobs/limits'
import { defaultLease } from '#src/jobs/shared/store'
import { delays } from '#src/local-backend/realistic/table'
import { defaults as logDefaults } from '#src/log/destination'
import { mostRequestIds } from '#src/request/audit-entries'
import { mostFoundDenials } from '#src/request/decisions'
import { resultBytes } from '#src/secrets/bulk/reply'
import { defaultThresholds } from '#src/secrets/posture/rules'
import { timeouts as sharedTimeouts } from '#src/shared/connection'
import { presence } from '#src/shared/presence'
import { fleetKey } from '#test/fleet'
import { build } from '#test/helper'
import { differences as differencesOfMoto } from '#test/moto/differences'

// Compares statements of the documentation with the code, where no other test does.

const root = join(import.meta.dirname, '..', '..')
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Returns the texts in backquotes. */
const codeIn = (text: string): string[] => Array.from(text.matchAll(/`([^`]+)`/g), ([, code = '']) => code)

/** Returns the defaults of the keys in the tables of docs/configuration.md, by the first key in the row. */
function documentedDefaults (): Map<string, string> {
  const [, file = ''] = textOf('docs/configuration.md').split('## The configuration file')
  const rows = Array.from(file.matchAll(/^\| `([a-zA-Z.]+)`[^|]*\|.*\| ([^|]+) \|$/gm))
  return new Map(rows.map(([, key = '', value = '']) => [key, value]))
}

/** Returns a rate in the documentation's form: the average number of requests per second, and the burst. */
const rateOf = ({ requests, window }: Limit): number[] => [requests * 1_000 / window, requests]

t.test('the defaults in docs/configuration.md match the code', async (t) => {
  const environment = environmentFrom('NAME', { region: 'eu-west-1', credential: 'main' })
  const { rotatedWithinDays, unusedForDays } = defaultThresholds
  const { delay, grace } = shutdownFrom({})
  const connections = connectionsFrom({})
  const overload = overloadFrom({})
  const audit = auditFrom({}, '/')
  const { caller, refresh, address } = limitsFrom({})
  const aws = awsFrom({})
  const cache = cacheFrom({})
  const shared = sharedFrom({ url: 'redis://localhost', keyFile: 'shared.key' }, t.testdir({ 'shared.key': fleetKey }))
  const agent = agentFrom({ environments: ['prod'] })

  const expected: Record<string, (number | string | boolean)[]> = {
    'environments.NAME.namePrefix': [environment.namePrefix],
    'environments.NAME.kmsKeyId': ['aws/secretsmanager'],
    'environments.NAME.recoveryWindowInDays': [environment.recoveryWindowInDays],
    'environments.NAME.deletionProtection': [environment.deletionProtection],
    'environments.NAME.pendingDeletion': [environment.pendingDeletion],
    'environments.NAME.posture.rotatedWithinDays': [rotatedWithinDays],
    'environments.NAME.posture.unusedForDays': [unusedForDays],
    'server.shutdown.delaySeconds': [delay / 1_000],
    'server.shutdown.graceSeconds': [grace / 1_000],
    'server.connections.maximum': [connections.maximum],
    'server.connections.maximumPerAddress': [connections.maximumPerAddress],
    'server.connections.eventStreamsPerCaller': [connections.eventStreamsPerCaller],
    'server.connections.waitsPerCaller': [connections.waitsPerCaller],
    'server.connections.longestWaitSeconds': [connections.longestWait / 1_000],
    'server.connections.handshakeTimeoutSeconds': [connections.handshakeTimeout / 1_000],
    'server.connections.headersTimeoutSeconds': [connections.headersTimeout / 1_000, connections.requestTimeout / 1_000],
    'server.connections.replyTimeoutSeconds': [connections.replyTimeout / 1_000],
    'server.connections.unsentBytes': [connections.unsentBytes],
    'server.overload.heapShare': [overload.heapShare],
    'server.overload.loopDelayMilliseconds': [overload.loopDelay],
    'audit.file': ['audit.jsonl', 'GATEWAY_DATA_DIR'],
    'audit.durability': [audit.durability],
    'audit.keyFile': ['audit-key.pem', 'GATEWAY_DATA_DIR'],
    'audit.timeoutSeconds': [audit.writeTimeout / 1_000],
    'limits.requestsPerSecond': rateOf(caller).slice(0, 1),
    'limits.refreshes': rateOf(refresh),
    'limits.unauthenticated': rateOf(address),
    'aws.stsEndpoint': ['aws.endpoint'],
    'aws.quotaShare': [aws.quotaShare],
    'aws.deadlineSeconds': [aws.deadline / 1_000],
    'aws.stsDeadlineSeconds': [aws.stsDeadline / 1_000],
    'aws.slots': [aws.slots.foreground, aws.slots.background],
    'aws.queueLength': [aws.queueLength, aws.queueTime / 1_000],
    'cache.ttlSeconds': [cache.ttlSeconds],
    'cache.staleIfErrorSeconds': [cache.staleIfErrorSeconds],
    'cache.maximumBytes': [cache.maximumBytes],
    'shared.fleet': [shared.fleet],
    'shared.timeoutMilliseconds': [shared.timeout],
    'shared.replicas': [shared.replicas],
    'log.cacheHits': [logFrom({}).cacheHits],
    'agent.tokenHeaders': agent.tokenHeaders.map((name) => name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase())),
    'agent.pathPrefix': [agent.pathPrefix]
  }
  const documented = documentedDefaults()
  for (const [key, values] of Object.entries(expected)) {
    t.strictSame(codeIn(documented.get(key) ?? '').slice(0, values.length), values.map(String), key)
  }
  const withoutTest = Array.from(documented).filter(([key, value]) => value.startsWith('`') && !(key in expected)).map(([key]) => key)
  t.strictSame(withoutTest, [], 'each default has a test')
  t.match(textOf('docs/configuration.md'), `\`tokenLifetimeSeconds\` (${defaultLifetime})`)
})

t.test('docs/configuration.md names each setting whose change requires a restart', async (t) => {
  const [, paragraph = ''] = /^On `SIGHUP` (.*?)\n\n/ms.exec(textOf('docs/configuration.md')) ?? []
  const files = globSync(['plugins/*.ts', 'routes/*.ts'], { cwd: root }).map(textOf).filter((text) => text.includes('a change requires a restart'))
  const keys = files.flatMap((text) => Array.from(text.matchAll(/ConfigError\(\[\{ key: '([\w.]+)'/g), ([, key = '']) => key))
  t.strictSame(codeIn(paragraph).filter((code) => /^[a-z]/.test(code)).sort(), Array.from(new Set(keys)).sort())
})

t.test('docs/authentication.md names each route that needs no authentication', async (t) => {
  const [sentence = ''] = /The only exceptions are .*?requests to public routes: .*?\. /s.exec(textOf('docs/authentication.md')) ?? []
  const named = codeIn(sentence)
  const { fastify } = await build(t, { agent: { environments: ['dev'] } })
  const paths = Object.entries(fastify.swagger().paths ?? {}) as [string, Record<string, { security?: unknown[] }>][]
  const open = paths.flatMap(([path, operations]) => Object.entries(operations)
    .filter(([, { security }]) => security?.length === 0).map(([method]) => `${method.toUpperCase()} ${path}`))
  // The pages are not in the OpenAPI document.
  const pages = ['GET /', 'GET /docs', 'GET /docs/consistency', 'GET /docs/posture']
  for (const page of pages) t.equal((await fastify.inject(page.replace('GET ', ''))).statusCode, 200, page)
  const isNamedBy = (route: string) => (code: string): boolean => {
    const path = route.replace('GET ', '')
    if (code.endsWith('…')) return path.startsWith(code.slice(0, -1))
    return code === route || code === path || (code === '/docs' && path.startsWith('/docs/'))
  }
  for (const route of [...open, ...pages]) t.ok(named.some(isNamedBy(route)), `${route} is public, and named`)
  for (const code of named) t.ok([...open, ...pages].some((route) => isNamedBy(route)(code)), `${code} is named, and public`)
})

t.test('no field of a reply is null, as the introduction of the OpenAPI document says', async (t) => {
  const { fastify } = await build(t)
  const document = fastify.swagger() as { info: { description?: string } }
  t.match(document.info.description?.replaceAll(/\s+/g, ' '), 'A field without a value is omitted, and none is `null`')
  const nullIn = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.entries(value)
    .some(([key, member]) => (key === 'type' && [member].flat().includes('null')) || (key === 'nullable' && member === true) || nullIn(member))
  t.notOk(nullIn(document))
})

t.test('the README and CONTRIBUTING.md name the version of Node.js that package.json requires', async (t) => {
  const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } }
  const version = engines.node.replace('>=', '')
  t.match(textOf('README.md').replaceAll(/\s+/g, ' '), `installs the Node.js ${version} that the gateway runs on`)
  t.match(textOf('CONTRIBUTING.md'), `You need Node.js ${version} and npm`)
})

t.test('numbers in sentences match the code', async (t) => {
  const quotaOf = (operation: Operation): string =>
    (requestQuotas.find(({ operations }) => operations.includes(operation))?.perSecond ?? 0).toLocaleString('en')
  const inWords: Readonly<Record<number, string>> = { 1: 'one', 2: 'two', 3: 'three', 4: 'four', 5: 'five', 10: 'ten' }
  const seconds = (milliseconds: number): string => `${inWords[milliseconds / 1_000] ?? milliseconds / 1_000} seconds`
  const minutes = (milliseconds: number): string => `${inWords[milliseconds / 60_000] ?? milliseconds / 60_000} minutes`
  t.equal(settlingTtl, 1_000, 'a second')
  t.equal(jobLimits.kept, 60 * 60 * 1_000, 'an hour')
  t.equal(maximumAge, 60 * 60 * 1_000, 'an hour')
  t.equal(cacheTime, 60 * 1_000, 'a minute')
  t.equal(breakerPauses.first, 1_000, 'a second')
  t.equal(delays.replication.delay.longest, 60 * 1_000, 'a minute')
  const { deadline, queueTime } = awsFrom({})
  const { visibility, listing, forcedDeletion, latency } = delays
  const [, mutationSeconds, mutationLeast] = /--seconds (\d+) --least (\d+)/.exec(textOf('.ci/run')) ?? []
  t.strictSame(renewal, { least: 4 / 5, random: 1 / 10, spare: 1 / 20 }, 'fifths, a tenth and a twentieth')

  const sentences: Readonly<Record<string, readonly string[]>> = {
    'docs/aws.md': [
      `${quotaOf('GetSecretValue')} for \`GetSecretValue\``, `${quotaOf('DescribeSecret')} for \`DescribeSecret\``,
      `${quotaOf('ListSecrets')} each for \`ListSecrets\` and \`BatchGetSecretValue\``, `and ${quotaOf('CreateSecret')} for each group`,
      `wrote in the last ${seconds(consistencyWindow)}`,
      `From ${seconds(clockDifferences.noticeable)} on, that is a warning; from ${minutes(clockDifferences.refused)} on, a failure`
    ],
    'docs/audit.md': [
      `The items name the first ${mostFoundDenials.toLocaleString('en')}`, `at most ${mostFoundDenials.toLocaleString('en')} of them are named`,
      `There are at most ${mostRequestIds};`
    ],
    'docs/authentication.md': [
      `every ${minutes(refreshAfter)}`, `never more than once in ${cooldown / 1_000} seconds`, 'the last known keys are used for an hour',
      'not verified again for a minute', `seen ${maximumTokens.toLocaleString('en')} others since, or ${maximumTokensOfOne} others of the same caller`
    ],
    'docs/bulk.md': [
      `can have ${jobLimits.runningOfOne} bulk creates and promotions`, `together ${jobLimits.running}`, 'kept until an hour after its end'
    ],
    'docs/cache.md': [
      `does not exist is cached for ${seconds(absenceTime)}`, `AWS is asked again after ${seconds(pauseAfterFailure)}`,
      `within ${seconds(settlingTimes.write)} after a write`, `within ${minutes(settlingTimes.rotation)} after the start of a rotation`,
      'cached for only a second', 'after four fifths of its time to live', 'up to a tenth of the time to live', 'up to a twentieth of the time to live'
    ],
    'docs/deployment.md': [
      `with ${resultBytes / 1_024} KiB for each secret, until it has ended`,
      `with ${resultBytes / 1_024} KiB for each secret and ${jobBytes / 1_024} KiB for each job`,
      `at most ${logDefaults.delay} ms late`, `up to ${logDefaults.waitingBytes / 2 ** 20} MiB of it wait`
    ],
    'docs/decisions/0031-mutation-testing.md': [`spends at most ${mutationSeconds ?? ''} seconds on mutants`, `noticed ${mutationLeast ?? ''} % of all mutants`],
    'docs/embedded-backend.md': [
      `usually below ${visibility.delay.usual} milliseconds and at most ${visibility.delay.longest / 1_000} seconds`,
      `usually below ${listing.delay.usual / 1_000} seconds and at most ${listing.delay.longest / 60_000} minutes`,
      `For up to ${forcedDeletion.delay.longest / 1_000} seconds, the name remains in use`, '`InProgress` for up to a minute',
      `usually take ${latency.delay.shortest} to ${latency.delay.usual} milliseconds, and at most ${latency.delay.longest / 1_000} seconds`,
      `lists the ${differencesOfMoto.length} known differences`
    ],
    'docs/fleet.md': [
      `${presence.lifetime / 1_000} s after the last report`, `${bucketsKept / 1_000} s after the last call`, `up to ${closedFor.newSession / 1_000} s`,
      `After ${seconds(closedFor.newSession)}, in which`, `a lease of ${seconds(defaultLease)}`,
      `silent for ${seconds(sharedTimeouts.silent)} is replaced`
    ],
    'docs/reliability.md': [
      `remembers for ${seconds(consistencyWindow)} what it has written`, `up to ${inWords[attempts.foreground] ?? ''} times`,
      `up to ${attempts.background} times if AWS throttles it`, `After ${inWords[tolerated] ?? ''} calls in a row`, 'After a second, one call is let through',
      `otherwise the pause doubles, up to ${seconds(breakerPauses.longest)}`,
      `at most ${(deadline + attempts.foreground * queueTime) / 1_000} seconds: ${deadline / 1_000} for the call, and ${queueTime / 1_000} in the queue`
    ],
    'docs/runbook.md': [`${inWords[tolerated] ?? ''} calls in a row got no answer`, `later after up to ${seconds(breakerPauses.longest)}`]
  }
  for (const [file, texts] of Object.entries(sentences)) {
    const found = textOf(file).replaceAll(/\s+/g, ' ')
    for (const text of texts) t.ok(found.includes(text), `${file}: ${text}`)
  }
})

t.test('decision 7 has a reason for each package, and for no others', async (t) => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>
  const reasons = Array.from(textOf('docs/decisions/0007-packages.md').matchAll(/^\| (`[^|]*) \|/gm), ([, names = '']) => codeIn(names)).flat()
  t.strictSame(reasons.sort(), Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).sort())
})

t.test('every deployment file that starts a container makes its file system read-only', async (t) => {
  for (const [file, setting] of [
    ['deploy/compose.yaml', /^ {2}read_only: true$/m],
    ['deploy/ecs/task-definition.json', /"readonlyRootFilesystem": true/],
    ['deploy/helm/secrets-gateway/templates/statefulset.yaml', /readOnlyRootFilesystem: true/],
    ['deploy/systemd/secrets-gateway.service', /^ProtectSystem=strict$/m]
  ] as const) t.match(textOf(file), setting, file)
})

t.test('every example of a configuration has only members that the schema knows, with valid values', async (t) => {
  const validate = new Ajv({ allErrors: true, discriminator: true, validateSchema: false }).compile(FileSchema)
  const sections = new Set(Object.keys(FileSchema.properties))
  let count = 0
  for (const page of globSync(['docs/*.md', 'docs/guides/*.md'], { cwd: root })) {
    for (const [, code = ''] of textOf(page).matchAll(/^ *```yaml\n(.*?)\n *```$/gms)) {
      const declared = parse(code.replaceAll('sha256:…', `sha256:${'0'.repeat(64)}`)) as Record<string, Record<string, object>> | undefined
      if (declared === undefined || !Object.keys(declared).every((section) => sections.has(section))) continue
      count += 1
      const environments = Object.entries(declared.environments ?? { dev: {} })
        .map(([name, environment]) => [name, { region: 'eu-west-1', credential: 'base', ...environment }])
      const file = {
        credentials: { base: { kind: 'default-chain' } },
        authentication: {},
        authorization: { policies: 'policies' },
        ...declared,
        environments: Object.fromEntries(environments) as object
      }
      t.ok(validate(file), `${page}: ${code.split('\n', 1)[0] ?? ''}: ${JSON.stringify(validate.errors?.map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`))}`)
    }
  }
  t.ok(count > 15, 'there are examples')
})
