/**
 * Takes one secret through its life over the gateway's HTTP API, with the gateway on an endpoint that stands in for AWS:
 *
 *     node scripts/endpoint-smoke.ts http://127.0.0.1:5000
 *
 * Prints each step and exits with 1 where one was answered otherwise than expected. For moto, `npm run local-backend` and
 * whatever else takes the access key `test` with the secret `test`.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import { stringify } from 'yaml'
import { app } from '../src/app.ts'
import { hashToken } from '../src/authentication/api-keys.ts'
import { liveConfig } from '../src/config/live.ts'
import { loadConfig } from '../src/config/load.ts'
import { serverOptions } from '../src/server-options.ts'

const token = 'token-of-the-endpoint-smoke'

const [endpoint] = process.argv.slice(2)
if (endpoint === undefined) throw new TypeError('Name the endpoint: node scripts/endpoint-smoke.ts http://127.0.0.1:5000')

process.env.SMOKE_ACCESS_KEY_ID = 'test'
process.env.SMOKE_SECRET_ACCESS_KEY = 'test'

/** The configuration as a platform team writes it. */
const file = {
  environments: { dev: { region: 'eu-west-1', credential: 'smoke', tags: { environment: 'dev' } } },
  credentials: {
    smoke: { kind: 'environment', accessKeyIdVariable: 'SMOKE_ACCESS_KEY_ID', secretAccessKeyVariable: 'SMOKE_SECRET_ACCESS_KEY' }
  },
  authentication: { apiKeys: [{ id: 'smoke', hash: hashToken(token) }] },
  authorization: { grants: [{ callers: ['smoke'], actions: ['*'], environments: ['*'] }] },
  aws: { endpoint }
}

interface Answer {
  value?: string
  versionId?: string
  deletionDate?: string
  items?: { name: string }[]
  code?: string
}

interface Step {
  title: string
  method: string
  path?: string
  body?: object
  status: number
  check?: (answer: Answer) => void
}

const secret = '/secrets/smoke%2Fdb'

const steps: Step[] = [
  {
    title: 'create', method: 'POST', body: { value: 'first', description: 'of a smoke test' }, status: 201,
    check: ({ versionId }) => { assert.ok(versionId) }
  },
  { title: 'create it again', method: 'POST', body: { value: 'other' }, status: 409, check: ({ code }) => { assert.equal(code, 'secret-exists') } },
  { title: 'read', method: 'GET', status: 200, check: ({ value }) => { assert.equal(value, 'first') } },
  { title: 'update', method: 'PUT', body: { value: 'second' }, status: 200, check: ({ versionId }) => { assert.ok(versionId) } },
  { title: 'read the update', method: 'GET', status: 200, check: ({ value }) => { assert.equal(value, 'second') } },
  {
    title: 'list', method: 'GET', path: '/secrets?namePrefix=smoke', status: 200,
    check: ({ items }) => { assert.deepEqual(items?.map(({ name }) => name), ['smoke/db']) }
  },
  { title: 'delete', method: 'DELETE', status: 200, check: ({ deletionDate }) => { assert.ok(deletionDate) } },
  { title: 'restore', method: 'POST', path: `${secret}/restore`, status: 200 },
  { title: 'read the restored', method: 'GET', status: 200, check: ({ value }) => { assert.equal(value, 'second') } },
  { title: 'delete at once', method: 'DELETE', path: `${secret}?force=true`, status: 200 },
  { title: 'read what is gone', method: 'GET', status: 404, check: ({ code }) => { assert.equal(code, 'secret-not-found') } }
]

const folder = await mkdtemp(join(tmpdir(), 'endpoint-smoke-'))
const configFile = join(folder, 'gateway.yaml')
await writeFile(configFile, stringify(file))
const gateway = Fastify(serverOptions('silent'))
await gateway.register(app, { config: liveConfig(await loadConfig(configFile)) })
const url = await gateway.listen({ host: '127.0.0.1', port: 0 })

let failed = 0
for (const { title, method, path = secret, body, status, check } of steps) {
  const reply = await fetch(`${url}/environments/dev${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) })
  })
  const text = await reply.text()
  try {
    assert.equal(reply.status, status)
    check?.(JSON.parse(text) as Answer)
    console.log(`ok      ${title}: ${reply.status}`)
  } catch (error) {
    failed += 1
    console.log(`not ok  ${title}: ${reply.status} ${text}\n        ${error instanceof Error ? error.message : String(error)}`)
  }
}
await gateway.close()
await rm(folder, { recursive: true })
console.log(`${steps.length - failed} of ${steps.length} steps as expected on ${endpoint}`)
process.exitCode = failed === 0 ? 0 : 1
