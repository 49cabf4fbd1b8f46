import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createClient, followSecrets, reply, type GatewayClient, type SecretChange } from '#src/client/client'
import { build, caching, tokens } from '#test/helper'

/** Returns a client of a server that runs until the test ends. */
async function clientOf (t: Test, listener: RequestListener): Promise<GatewayClient> {
  const server = createServer((request, response) => {
    response.setHeader('x-request-id', 'x')
    listener(request, response)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token' })
}

const version = (name: string, versionId: string, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: version\ndata: ${JSON.stringify({ name, versionId })}\n\n`

const stream = { 'content-type': 'text/event-stream' }

t.test('yields the current versions, then each change, until the signal is aborted', async (t) => {
  const { url } = await build(t, caching)
  const gateway = createClient({ url, token: tokens.administrator })
  const put = async (name: string, value: string): Promise<string | undefined> =>
    (await reply(gateway.PUT('/environments/{env}/secrets/{name}', { params: { path: { env: 'dev', name } }, body: { value } }))).versionId
  const versions: Record<string, string | undefined> = { a: await put('a', 'x'), 'b/c': await put('b/c', 'x') }
  const controller = new AbortController()
  const found: SecretChange[] = []
  for await (const changes of followSecrets(gateway, 'dev', { names: ['a'], namePrefix: 'b/', signal: controller.signal })) {
    for (const { name, versionId } of changes) t.equal(versionId, versions[name])
    found.push(...changes)
    if (found.length === 2) versions.a = await put('a', 'y')
    if (found.length === 3) {
      await reply(gateway.DELETE('/environments/{env}/secrets/{name}', { params: { path: { env: 'dev', name: 'b/c' }, query: {} } }))
      delete versions['b/c']
    }
    if (found.length === 4) controller.abort()
  }
  t.same(found.map(({ name }) => name).slice(2), ['a', 'b/c'])
})

t.test('a refusal is thrown', async (t) => {
  const { url } = await build(t, caching)
  const gateway = createClient({ url, token: tokens.stranger })
  await t.rejects(followSecrets(gateway, 'dev').next(), { code: 'not-found' })
  await t.rejects(followSecrets(gateway, '..').next(), RangeError)
})

t.test('a stream whose connection breaks is resumed', async (t) => {
  const asked: (string | undefined)[] = []
  const gateway = await clientOf(t, ({ headers }, response) => {
    asked.push(headers['last-event-id']?.toString())
    if (asked.length === 2) {
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' }).end(JSON.stringify({
        type: 'x', title: 'x', status: 503, detail: 'x', instance: 'x', code: 'overloaded', requestId: 'x'
      }))
      return
    }
    if (asked.length === 3) {
      response.destroy()
      return
    }
    response.writeHead(200, stream)
    response.write(`: heartbeat\n\n${version('a', '1')}${version('b', '1', `id${asked.length}`)}event: other\nid: x\ndata: 1\n\n`, () => { response.destroy() })
  })
  const controller = new AbortController()
  const found = followSecrets(gateway, 'dev', { signal: controller.signal })
  const both = [{ name: 'a', versionId: '1' }, { name: 'b', versionId: '1' }]
  t.same((await found.next()).value, both, 'changes that come together are one list')
  t.same((await found.next()).value, both)
  t.same(asked, [undefined, 'id1', 'id1', 'id1'])
  // Without this, the process would wait for the time after which a silent connection counts as broken.
  controller.abort()
  await found.next()
})

t.test('a connection on which nothing is sent counts as broken', async (t) => {
  let asked = 0
  const gateway = await clientOf(t, (_request, response) => {
    asked += 1
    response.writeHead(200, stream)
    if (asked === 1) response.flushHeaders()
    else response.write(version('a', '1', 'x'))
  })
  const controller = new AbortController()
  const found = followSecrets(gateway, 'dev', { longestSilence: 50, signal: controller.signal })
  t.same((await found.next()).value, [{ name: 'a', versionId: '1' }])
  controller.abort()
  t.same(await found.next(), { value: undefined, done: true })
})
