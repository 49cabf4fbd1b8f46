import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { wayFor, type MethodOptions } from '#src/cli/login/methods'
import { terminalOf } from '#src/cli/terminal'
import { GatewayProblem } from '#src/client/client'
import { catalogue } from '#src/problems/catalogue'

/** Starts a gateway that answers every request with this status and body. */
async function answering (t: Test, status: number, body: object): Promise<string> {
  const type = status === 200 ? 'application/json' : 'application/problem+json'
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': type, 'x-request-id': 'r', connection: 'close' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Returns the kind of the login method, and the issuer's name or the server ID. */
async function chosen (url: string, options: MethodOptions = {}, isTTY = true): Promise<unknown> {
  const way = await wayFor(url, options, terminalOf({ ...process, stdin: Object.assign(new PassThrough(), { isTTY }) }))
  return way === undefined ? 'a token' : [way.kind, way.kind === 'oidc' ? way.issuer.name : way.serverId]
}

const issuer = (name: string): object =>
  ({ name, issuer: `https://${name}.example.com`, clientId: 'cli', scope: 'openid', tokenType: 'access_token', parameters: {} })

t.test('a gateway without the route accepts only tokens', async (t) => {
  const refusing = async (code: keyof typeof catalogue): Promise<string> => answering(t, catalogue[code].status, {
    type: 'urn:x', instance: 'urn:y', title: 'T', status: catalogue[code].status, detail: 'd', code, requestId: 'r'
  })
  for (const code of ['not-found', 'unauthenticated'] as const) t.equal(await chosen(await refusing(code)), 'a token', code)
  await t.rejects(chosen(await refusing('forbidden')), GatewayProblem)
  await t.rejects(chosen('http://127.0.0.1:2'), { name: 'GatewayUnreachable' })
})

t.test('without options, the login method is the issuer if there is exactly one', async (t) => {
  const none = await answering(t, 200, { oidc: [] })
  t.equal(await chosen(none), 'a token')
  await t.rejects(chosen(none, {}, false), { name: 'WrongUsage', message: /^No terminal to ask for a token/ })
  for (const options of [{ browser: true }, { device: true }, { issuer: 'one' }]) await t.rejects(chosen(none, options), /has no issuer for logging in/, JSON.stringify(options))
  const one = await answering(t, 200, { oidc: [issuer('one')], aws: { serverId: 'gateway.test', regions: ['eu-west-1'] } })
  for (const options of [{}, { issuer: 'one' }, { browser: true }, { aws: false }]) t.same(await chosen(one, options, false), ['oidc', 'one'], JSON.stringify(options))
  t.same(await chosen(one, { aws: true }), ['aws', 'gateway.test'])
  const two = await answering(t, 200, { oidc: [issuer('one'), issuer('two')] })
  t.same(await chosen(two, { issuer: 'two' }), ['oidc', 'two'])
  for (const options of [{}, { browser: true }]) await t.rejects(chosen(two, options), { name: 'WrongUsage', message: 'Specify the issuer with --issuer: one, two' })
  await t.rejects(chosen(two, { issuer: 'three' }), { name: 'CommandFailure', message: `${two} has no issuer three. It has: one, two` })
  await t.rejects(chosen(two, { aws: true }), /does not let AWS identities log in/)
})
