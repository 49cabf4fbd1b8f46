import t from 'tap'
import { build, declared, tokens, type Gateway } from '#test/helper'
import { sendRaw, type RawRequest } from '#test/raw'
import { until } from '#test/until'

const valid: [string, string] = ['Authorization', `Bearer ${tokens.administrator}`]

/**
 * Sends a request with these values of `X-Forwarded-For`, each in a separate header line. Returns the peer address that is
 * logged, or the status if the request fails.
 */
async function peer (gateway: Gateway, ...forwardedFor: string[]): Promise<unknown> {
  const request: RawRequest = { path: '/environments', headers: [valid, ...forwardedFor.map((value) => ['X-Forwarded-For', value] as const)] }
  gateway.log.length = 0
  const reply = await sendRaw(gateway.url, request)
  if (reply?.status !== 200) return reply?.status
  await until(() => gateway.log.length > 0)
  return (JSON.parse(gateway.log[0] ?? '') as { request: { peer: string } }).request.peer
}

t.test('behind a trusted proxy, the peer is the address that the proxy reports, and a client can\'t forge it', async (t) => {
  const gateway = await build(t, { server: { trustedProxies: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'] } })
  t.equal(await peer(gateway), '127.0.0.1')
  t.equal(await peer(gateway, '203.0.113.7'), '203.0.113.7')
  t.equal(await peer(gateway, '203.0.113.7, 10.1.2.3'), '203.0.113.7', 'a chain of proxies')
  t.equal(await peer(gateway, '203.0.113.7, 2001:db8::7'), '203.0.113.7')
  t.equal(await peer(gateway, '198.51.100.1, 203.0.113.7, 10.1.2.3'), '203.0.113.7', 'an address that the client added in front is ignored')
  t.equal(await peer(gateway, '198.51.100.1', '203.0.113.7'), '203.0.113.7', 'even if it is in a header line of its own')
  t.equal(await peer(gateway, '127.0.0.1, 203.0.113.7'), '203.0.113.7')
  t.equal(await peer(gateway, '10.9.9.9, 10.1.2.3'), '10.9.9.9', 'a request of a proxy itself')
  for (const none of ['unknown', '203.0.113.7, <script>', '203.0.113.7:4711']) t.equal(await peer(gateway, none), 400, none)
  t.equal(await peer(gateway, '<script>, 203.0.113.7'), '203.0.113.7', 'even if it is malformed')
})

t.test('forwarding headers of other clients are refused', async (t) => {
  const gateway = await build(t, { server: { trustedProxies: ['10.0.0.0/8'] } })
  t.equal(await peer(gateway), '127.0.0.1')
  t.equal(await peer(gateway, '203.0.113.7'), 400)
  for (const name of ['x-forwarded-for', 'X-Forwarded-Host', 'x-forwarded-proto', 'forwarded']) {
    const reply = await gateway.send('GET', '/environments', { headers: { [name]: 'x' } })
    t.match(reply, { status: 400, json: { code: 'invalid-request', errors: [{ in: 'header', pointer: `/${name.toLowerCase()}` }] } })
  }
})

t.test('a reload changes the trusted proxies', async (t) => {
  const gateway = await build(t)
  t.equal(await peer(gateway, '203.0.113.7'), 400)
  const { current } = gateway.fastify.config
  gateway.fastify.config.replace({ ...current, server: { ...current.server, trustedProxies: ['127.0.0.0/8'] } })
  t.equal(await peer(gateway, '203.0.113.7'), '203.0.113.7')
})

/** Sends a request as a proxy that forwards it from this address, and returns the status of the reply. */
const forwarded = async (gateway: Gateway, address: string, request: RawRequest): Promise<number | undefined> =>
  (await sendRaw(gateway.url, { ...request, headers: [...request.headers ?? [], ['X-Forwarded-For', address]] }))?.status

const login = { method: 'POST', path: '/auth/aws/login', headers: [['Content-Type', 'application/json']], body: '{"headers":{}}' } as const

t.test('behind a trusted proxy, the audit trail has the address that the proxy reports', async (t) => {
  const gateway = await build(t, { server: { trustedProxies: ['127.0.0.1'] } })
  const address = '203.0.113.7'
  for (const [what, request, status] of [
    ['a request of a caller', { path: '/environments/dev/secrets', headers: [valid] }, 200],
    ['a caller that is not authenticated', { path: '/environments' }, 401],
    ['a login', login, 404],
    ['an unknown path', { path: '/none', headers: [valid] }, 404],
    ['a path that is not valid', { path: '/environments/%zz', headers: [valid] }, 400],
    ['a repeated header', { path: '/environments', headers: [valid, valid] }, 400]
  ] as const) {
    const before = gateway.trail().length
    t.equal(await forwarded(gateway, address, request), status, what)
    const records = gateway.trail().slice(before)
    t.ok(records.length > 0, what)
    t.same(new Set(records.map(({ peer }) => peer)), new Set([address]), what)
  }
})

t.test('an entry that is not an address is refused, and not recorded as the client\'s address', async (t) => {
  const gateway = await build(t, { server: { trustedProxies: ['127.0.0.1'] } })
  for (const none of ['unknown', '<script>', '203.0.113.7:4711', '', '203.0.113.7, ']) {
    for (const path of ['/environments', '/environments/%zz']) {
      gateway.log.length = 0
      t.equal(await forwarded(gateway, none, { path, headers: [valid] }), 400)
      t.match(gateway.trail().at(-1), { event: 'denial', peer: '127.0.0.1' }, `${none} ${path}`)
    }
  }
})

t.test('behind a trusted proxy, memory and the limit on public routes are counted for the address that the proxy reports', async (t) => {
  const unauthenticated = { requestsPerSecond: 1 / 3_000, burst: 1 }
  const gateway = await build(t, { limits: { ...declared.limits, unauthenticated }, server: { trustedProxies: ['127.0.0.1'] } })
  const { memory } = gateway.fastify
  const { reserve } = memory
  const owners: string[] = []
  memory.reserve = (owner, bytes) => {
    owners.push(owner)
    return reserve(owner, bytes)
  }
  t.equal(await forwarded(gateway, '203.0.113.7', login), 404)
  t.equal(await forwarded(gateway, '203.0.113.7', login), 429)
  t.equal(await forwarded(gateway, '198.51.100.1, 203.0.113.7', login), 429, 'even if the client pretends to be a proxy')
  t.equal(await forwarded(gateway, '203.0.113.8', login), 404)
  t.equal(await forwarded(gateway, '2001:db8::1', login), 404)
  t.equal(await forwarded(gateway, '2001:db8::2', login), 429, 'an IPv6 network has one limit')
  t.equal((await gateway.send('POST', login.path, { token: null, json: { headers: {} } })).status, 404, 'the proxy itself has its own')
  t.same(owners, ['203.0.113.7', '203.0.113.8', '2001:db8:0:0', '127.0.0.1'].map((address) => `address ${address}`))
})
