import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { createClient, readJson, reply, type GatewayClient } from '#src/client/client'
import { build, caching, tokens } from '#test/helper'

t.test('returns the JSON with its type', async (t) => {
  const { url, send, advance } = await build(t, caching)
  const gateway = createClient({ url, token: tokens.administrator })
  const path = { env: 'dev', name: 'payments/db' }
  const first = await reply(gateway.PUT('/environments/{env}/secrets/{name}', { params: { path }, body: { value: { username: 'app', port: 5432 } } }))
  await reply(gateway.PUT('/environments/{env}/secrets/{name}', { params: { path }, body: { value: { username: 'new', port: 1 } } }))
  const { username, port } = await readJson<{ username: string, port: number }>(gateway, 'dev', 'payments/db')
  t.same([username, port], ['new', 1])
  t.equal(await readJson<number>(gateway, 'dev', 'payments/db', { field: 'port' }), 1)
  t.same(await readJson(gateway, 'dev', 'payments/db', { versionStage: 'AWSPREVIOUS' }), { username: 'app', port: 5432 })
  t.same(await readJson(gateway, 'dev', 'payments/db', { versionId: first.versionId ?? '' }), { username: 'app', port: 5432 })

  const check = (json: unknown): Date => {
    if (typeof json !== 'string') throw new TypeError('not a date')
    return new Date(json)
  }
  await send('PUT', '/environments/dev/secrets/date', { json: { value: '"2026-12-01T00:00:00Z"' } })
  const date: Date = await readJson(gateway, 'dev', 'date', { check })
  t.equal(date.getTime(), Date.UTC(2026, 11, 1))
  await t.rejects(readJson(gateway, 'dev', 'payments/db', { check }), new TypeError('not a date'))

  advance(1 / 1_440)
  await send('GET', '/environments/dev/secrets/date')
  advance(30 / 86_400)
  const ages: string[] = []
  gateway.use({ onResponse ({ response }) { ages.push(response.headers.get('cache-status') ?? '') } })
  await readJson(gateway, 'dev', 'date', { maximumAge: 60 })
  await readJson(gateway, 'dev', 'date', { maximumAge: 10 })
  t.match(ages, [/; hit/, /fwd=/], 'the caller says how old a cached value may be')
})

t.test('throws if there is no JSON', async (t) => {
  const { url, send } = await build(t)
  const gateway = createClient({ url, token: tokens.administrator })
  await send('PUT', '/environments/dev/secrets/plain', { json: { value: 'plain' } })
  await t.rejects(readJson(gateway, 'dev', 'plain'), { name: 'GatewayProblem', code: 'value-not-json' })
  await t.rejects(readJson(gateway, 'dev', 'none'), { code: 'secret-not-found' })
})

const served = async (t: Test, body: string | undefined): Promise<GatewayClient> => {
  const server = createServer((_, response) => {
    if (body !== undefined) response.writeHead(200, { 'x-request-id': 'x', 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token' })
}

t.test('a reply without the JSON is refused', async (t) => {
  const secret = { name: 'a', arn: 'arn', versionId: 'v', versionStages: [], createdDate: 'now', encoding: 'text', value: '{}' }
  await t.rejects(readJson(await served(t, JSON.stringify(secret)), 'dev', 'a'), { name: 'GatewayUnreachable', message: 'The reply has no JSON of the value' })
})

t.test('a request that is aborted rejects with the reason of the signal', async (t) => {
  const gateway = await served(t, undefined)
  const reason = new Error('enough')
  const controller = new AbortController()
  const reading = readJson(gateway, 'dev', 'a', { signal: controller.signal })
  setTimeout(() => { controller.abort(reason) }, 50)
  await t.rejects(reading, reason)
  await t.rejects(readJson(gateway, 'dev', 'a', { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
})
