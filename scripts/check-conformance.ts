/**
 * Replays recordings of the real AWS against the embedded Secrets Manager, with test/fixtures/rotation/rotator.ts instead of the
 * rotation Lambda function.
 *
 *     node scripts/check-conformance.ts [--through-gateway] DIR [AT_LEAST]
 *
 * DIR contains the recordings (`recorded.scenarios.json`, `recorded.snapshot.json`) and the program that replays them
 * (`replay.mjs`). Exits with 1 if fewer than AT_LEAST responses match, or if a scenario that uses only implemented operations
 * fails. With `--through-gateway`, the requests go to a gateway's endpoint for AWS's protocol, in front of the embedded Secrets
 * Manager.
 *
 * The recordings of rotations lack two steps of the original tests, which this script adds: creating the secret beforehand, and
 * waiting for a rotation to finish before inspecting it.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import Fastify from 'fastify'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { operations } from '#src/local-backend/operations/index'
import { startLocalBackend } from '#src/local-backend/server'

interface Scenario {
  test: string
  requires: string[]
  steps: { op: string }[]
}

interface Recordings {
  scenarios: Scenario[]
}

const { values: options, positionals: [folder, atLeast = '0'] } = parseArgs({
  options: { 'through-gateway': { type: 'boolean', default: false } }, allowPositionals: true
})
if (folder === undefined) throw new TypeError('Specify the folder of the recordings: node scripts/check-conformance.ts DIR [AT_LEAST]')

const recordings = JSON.parse(await readFile(join(folder, 'recorded.scenarios.json'), 'utf8')) as Recordings
const scenarios = recordings.scenarios.map(withSecretToRotate)
/** The unimplemented operations that each scenario uses, keyed by the name of the scenario's test. */
const unimplemented = new Map(scenarios.map(({ test, steps }) =>
  [test, steps.map(({ op }) => op).filter((op) => !operations.has(op))]))

const backend = await startLocalBackend({
  accounts: [{ accountId: '123456789012', accessKeyId: 'test', secretAccessKey: 'test' }],
  rotationFunctions: { rotator: join(import.meta.dirname, '../test/fixtures/rotation/rotator.ts') }
})
const proxy = createServer((request, response) => {
  const { method, headers } = request
  request.pipe(send(backend.url, { method, headers }, (answer) => {
    const rotated = headers['x-amz-target'] === 'secretsmanager.RotateSecret' ? backend.runDueRotations() : Promise.resolve()
    void rotated.then(() => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)))
  }))
}).listen(0, '127.0.0.1')
await once(proxy, 'listening')

const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
const work = await mkdtemp(join(tmpdir(), 'conformance-'))
const gateway = options['through-gateway'] ? await startGateway(proxyUrl) : undefined

const scenariosFile = join(work, 'scenarios.json')
await writeFile(scenariosFile, JSON.stringify({ ...recordings, scenarios }))
const replay = [
  join(folder, 'replay.mjs'), gateway?.endpoint ?? proxyUrl, scenariosFile, join(folder, 'recorded.snapshot.json'),
  '--rotator', 'arn:aws:lambda:us-east-1:123456789012:function:rotator'
]
// The replay's exit status is ignored: it is 1 if any scenario fails, even one that uses unimplemented operations.
const env = { ...process.env, ...gateway?.keys }
const output = await promisify(execFile)(process.execPath, replay, { maxBuffer: 1 << 26, env })
  .then(({ stdout }) => stdout, (failure: unknown) => (failure as { stdout: string }).stdout)
await gateway?.close()
proxy.close()
await backend.close()
await rm(work, { recursive: true })

const [, matched, all] = /^(\d+)\/(\d+) recorded responses matched$/m.exec(output) ?? []
if (matched === undefined || all === undefined) throw new Error(`The replay did not finish:\n${output}`)
const failing = Array.from(output.matchAll(/^FAIL (.+)$/gm), ([, test = '']) => test)
const unexpected = failing.filter((test) => (unimplemented.get(test) ?? []).length === 0)
const missing = [...new Set(failing.flatMap((test) => unimplemented.get(test) ?? []))].sort()

if (unexpected.length > 0) console.log(output)
console.log(`${matched} of ${all} recorded responses match, at least ${atLeast} must`)
console.log(`${failing.length} of ${scenarios.length} scenarios fail; unimplemented operations: ${missing.join(', ') || 'none'}`)
for (const test of unexpected) console.log(`not ok  ${test} fails, although all of its operations are implemented`)
process.exitCode = unexpected.length > 0 || Number(matched) < Number(atLeast) ? 1 : 0

interface Gateway {
  endpoint: string
  /** The environment variables with the keys. */
  keys: Record<string, string>
  close: () => Promise<void>
}

/** Starts a gateway in front of a Secrets Manager. Returns the URL of its endpoint for AWS's protocol, and keys for it. */
async function startGateway (aws: string): Promise<Gateway> {
  const token = 'token-of-the-conformance-check'
  const config = liveConfig(configFrom({
    audit: { file: join(work, 'audit.jsonl') },
    environments: { all: { region: 'us-east-1', credential: 'embedded', namePrefix: '' } },
    credentials: { embedded: { kind: 'embedded', accessKeyId: 'test', secretAccessKey: 'test' } },
    authentication: { apiKeys: [{ id: 'replay', hash: hashToken(token) }] },
    authorization: { policies: policySetFrom([{ file: 'all.cedar', text: '@id("all") permit (principal, action, resource);' }]) },
    limits: { requestsPerSecond: 10_000 },
    aws: { endpoint: aws }
  }))
  const fastify = Fastify(serverOptions('silent', undefined, config))
  await fastify.register(app, { config })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  const response = await fetch(`${url}/auth/aws/credentials`, { headers: { authorization: `Bearer ${token}` } })
  const keys = await response.json() as { AccessKeyId: string, SecretAccessKey: string, Token: string }
  return {
    endpoint: `${url}/environments/all/aws`,
    keys: { AWS_ACCESS_KEY_ID: keys.AccessKeyId, AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey, AWS_SESSION_TOKEN: keys.Token },
    close: async () => fastify.close()
  }
}

/**
 * If a scenario needs a rotation function, adds a first step that creates the secret to rotate, with the same parameters as the
 * original test's fixture. This step replaces any other `CreateSecret` steps of the scenario.
 */
function withSecretToRotate (scenario: Scenario): Scenario {
  if (!scenario.requires.includes('rotation-function')) return scenario
  const params = { Name: { $name: 'n0' }, SecretString: 'my_secret', Description: 'testing rotation of secrets' }
  const creation = { id: 'created', op: 'CreateSecret', params }
  return { ...scenario, steps: [creation, ...scenario.steps.filter(({ op }) => op !== 'CreateSecret')] }
}
