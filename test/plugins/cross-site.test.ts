import { join } from 'node:path'
import t, { type Test } from 'tap'
import { authority, serverPair } from '#test/certificates'
import { build, declared, tokens, type Gateway } from '#test/helper'
import { sendRaw, type RawReply, type RawRequest } from '#test/raw'

const caller = 'spiffe://example.org/payments'

/** Starts a gateway that identifies an administrator by client certificate. */
async function setUp (t: Test, limits: object = declared.limits): Promise<{ gateway: Gateway, ask: (request: RawRequest) => Promise<RawReply | undefined> }> {
  const [servers, clients] = [await authority('CN=Servers'), await authority('CN=Clients')]
  const pair = await serverPair(servers)
  const folder = t.testdir({ 'server.pem': pair.cert, 'server-key.pem': pair.key, 'clients.pem': clients.cert })
  const gateway = await build(t, {
    limits,
    server: {
      tls: {
        certificateFile: join(folder, 'server.pem'),
        keyFile: join(folder, 'server-key.pem'),
        clientCertificates: { authorityFile: join(folder, 'clients.pem'), required: false }
      }
    },
    authentication: { ...declared.authentication, groups: { administrators: { callers: [caller] } } }
  })
  const client = { ca: servers.cert, ...await clients.issue([{ type: 'url', value: caller }]) }
  return { gateway, ask: async (request) => sendRaw(gateway.url, request, client) }
}

const site = (value: string): [string, string] => ['Sec-Fetch-Site', value]
const origin = (value: string): [string, string] => ['Origin', value]
const refused = { status: 403, code: 'cross-site-request' }

t.test('a client certificate alone does not authenticate a request that another site has caused', async (t) => {
  const { gateway, ask } = await setUp(t)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  gateway.awsCalls.length = 0
  for (const headers of [
    [site('cross-site')], [site('same-site')], [site('unknown')], [site('')],
    [origin('https://evil.example')], [origin('http://gateway.test')], [origin('https://gateway.test:8443')], [origin('null')], [origin('')],
    [origin('https://gateway.test.evil.example')],
    [origin('https://gateway.test'), site('cross-site')], [origin('https://evil.example'), site('same-origin')]
  ]) {
    for (const method of ['GET', 'DELETE']) {
      const { length } = gateway.trail()
      const what = `${method} with ${JSON.stringify(headers)}`
      t.match(await ask({ method, path: '/environments/dev/secrets/a', headers }), refused, what)
      t.match(gateway.trail().slice(length), [{ event: 'denial', caller: { id: caller, method: 'mtls' }, ...refused, reason: /^(origin|sec-fetch-site)$/ }], what)
    }
  }
  for (const headers of [[site('same-origin'), site('cross-site')], [origin('https://gateway.test'), origin('https://evil.example')]]) {
    t.match(await ask({ path: '/environments/dev/secrets/a', headers }), { status: 400 }, `ambiguous: ${JSON.stringify(headers)}`)
  }
  t.same(gateway.awsCalls, [])

  for (const headers of [
    [], [site('none')], [site('same-origin')], [origin('https://gateway.test')], [origin('https://gateway.test'), site('same-origin')]
  ]) t.match(await ask({ path: '/environments/dev/secrets/a', headers }), { status: 200 }, `allowed: ${JSON.stringify(headers)}`)
})

t.test('a request with a token is accepted, because another site does not know the token', async (t) => {
  const { ask } = await setUp(t)
  const foreign = [site('cross-site'), origin('https://evil.example')]
  t.match(await ask({ path: '/environments', headers: [['Authorization', `Bearer ${tokens.administrator}`], ...foreign] }), { status: 200 })
  t.match(await ask({ path: '/environments', headers: [['Authorization', 'Bearer wrong-token-for-tests'], ...foreign] }), { status: 401 })
  t.match(await ask({ path: '/health/live', headers: foreign }), { status: 200 }, 'a public route')
})

t.test('every route that needs a caller refuses such a request', async (t) => {
  const { gateway, ask } = await setUp(t)
  const { paths } = gateway.fastify.swagger() as { paths: Record<string, Record<string, { security?: unknown[] }>> }
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { security }]) => ({ path, method, security })))
  t.ok(operations.length > 40)
  let guarded = 0
  // The routes of AWS's agent don't accept a client certificate.
  const takesCertificates = operations.filter(({ path, security }) => !path.startsWith('/health') && !JSON.stringify(security ?? []).includes('agent'))
  for (const { path, method, security } of takesCertificates) {
    const isPublic = security?.length === 0
    if (!isPublic) guarded++
    const reply = await ask({ method: method.toUpperCase(), path: path.replace('{env}', 'dev').replaceAll(/\{\w+\}/g, 'a'), headers: [site('cross-site')] })
    // On the route for AWS's protocol, the reply is an AWS error, whose message is the title of the problem.
    const isRefused = reply?.code === refused.code || reply?.text.includes('"AccessDeniedException","Message":"Another site caused the request') === true
    t.equal(isRefused, !isPublic, `${method} ${path}: ${reply?.status ?? 'no reply'}`)
  }
  t.ok(guarded > 35)
  t.same(gateway.awsCalls, [])
})

t.test('refused requests count against the address, not against the caller', async (t) => {
  const { ask } = await setUp(t, { requestsPerSecond: 0.1, burst: 2, unauthenticated: { requestsPerSecond: 0.1, burst: 3 } })
  const asked = []
  for (let count = 0; count < 5; count++) asked.push((await ask({ path: '/environments', headers: [site('cross-site')] }))?.status)
  t.match(asked, [403, 403, 403, 429, 429])
  t.match(await ask({ path: '/environments' }), { status: 200, head: /^ratelimit-remaining: 1$/m })
})
