import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { failureLines } from '#src/cli/failure-lines'
import { terminalOf } from '#src/cli/terminal'
import { GatewayProblem, GatewayUnreachable } from '#src/client/problems'
import { catalogue } from '#src/problems/catalogue'
import { build, tokens } from '#test/helper'
import { secretsctl } from '#test/secretsctl'

const notFound = { type: 'urn:x', instance: 'urn:y', title: catalogue['not-found'].title, status: 404, detail: 'd', code: 'not-found' as const, requestId: 'r' }

const environment = {
  region: 'eu-west-1', allowedCredentials: [], namePrefix: '', tags: {}, replicaRegions: [], recoveryWindowInDays: 30, deletionProtection: false, requiredSecrets: []
}

/** Starts a gateway that finds nothing, and lists these environments; none if undefined. */
async function finding (t: Test, environments?: readonly string[]): Promise<{ url: string }> {
  const server = createServer(({ url }, response) => {
    const isList = url === '/environments' && environments !== undefined
    const body = isList ? { items: environments.map((name) => ({ ...environment, name })) } : notFound
    response.writeHead(isList ? 200 : 404, { 'content-type': isList ? 'application/json' : 'application/problem+json', 'x-request-id': 'r', connection: 'close' })
      .end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

t.test('a failure before a command has begun names neither a secret nor a gateway', async (t) => {
  const terminal = terminalOf({ ...process, env: {} })
  t.same(await failureLines(new GatewayUnreachable('The gateway is gone'), undefined, terminal), ['The gateway is gone'])
  t.match(await failureLines(new GatewayProblem(notFound, undefined), undefined, terminal), [catalogue['not-found'].title, /^Check the names/, '(not-found, request r)'])
})

t.test('a bad token on the command line', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctl(gateway, ['list', '--env', 'dev', '--token', tokens.expired]), { status: 1, stderr: /\nThe gateway does not accept the token in --token: / })
})

t.test('an environment is to blame only if the gateway does not list it', async (t) => {
  const list = ['list', '--env', 'dev']
  t.match(await secretsctl(await finding(t, ['staging']), list), { status: 1, stderr: 'No environment dev, or you may not see it. You can see: staging\n(not-found, request r)\n' })
  t.match(await secretsctl(await finding(t, []), list), { status: 1, stderr: /^No environment dev, .* You can see none: ask the platform team for access\n/ })
  for (const environments of [['dev'], undefined]) {
    t.match(await secretsctl(await finding(t, environments), list), { status: 1, stderr: /\nCheck the names on the command line\. / }, String(environments))
  }
})
