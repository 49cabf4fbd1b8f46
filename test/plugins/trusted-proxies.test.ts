import t from 'tap'
import { build, tokens, type Gateway } from '#test/helper'
import { sendRaw, type RawRequest } from '#test/raw'
import { until } from '#test/until'

const valid: [string, string] = ['Authorization', `Bearer ${tokens.administrator}`]

/**
 * Sends a request with these values of `X-Forwarded-For`, each in a header line of its own. Returns the peer address that is
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
