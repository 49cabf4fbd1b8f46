import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { build, tokens, type Gateway } from '#test/helper'

/*
 * Tests the store that `GET …/references` returns for the webhook provider of External Secrets Operator. After a 404, the
 * operator deletes the Kubernetes Secret if the `deletionPolicy` is `Delete`. Of other failures, it shows only the status line.
 */

/** The reference in an ExternalSecret. */
interface RemoteRef {
  key: string
  property?: string
  version?: string
}

/** Escapes a text like Go's `url.QueryEscape`, which the provider uses for all parts of a reference, even in the path. */
const queryEscaped = (value: string): string => encodeURIComponent(value)
  .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  .replaceAll('%20', '+')

interface Answer {
  status: number
  value?: unknown
  code?: unknown
  bodyStatus?: unknown
}

/** Sends the request that the provider sends for a store's URL: without `Accept`, and with the store's headers only. */
async function ask (template: string, { key, property = '', version = '' }: RemoteRef, token: string): Promise<Answer> {
  const parts: Record<string, string> = { key, property, version }
  const url = template.replace(/\{\{ \.remoteRef\.(\w+) \}\}/g, (_whole, part: string) => queryEscaped(parts[part] ?? ''))
  const sent = request(url, { headers: { authorization: `Bearer ${token}` } }).end()
  const [reply] = await once(sent, 'response') as [IncomingMessage]
  const body = JSON.parse(await text(reply)) as { value?: unknown, code?: unknown, status?: unknown }
  return { status: reply.statusCode ?? 0, value: body.value, code: body.code, bodyStatus: body.status }
}

async function prepared (t: Test): Promise<{ gateway: Gateway, template: string }> {
  const gateway = await build(t)
  const secrets = '/environments/dev/secrets'
  await gateway.send('PUT', `${secrets}/payments%2Fdb`, { json: { value: { user: 'old' } } })
  await gateway.send('PUT', `${secrets}/payments%2Fdb`, { json: { value: { user: 'app', 'a b+c': 'odd', hosts: ['db1'] } } })
  await gateway.send('PUT', `${secrets}/a+b@c`, { json: { value: 'text' } })
  await gateway.send('POST', `${secrets}/empty`, { json: {} })
  await gateway.send('PUT', `${secrets}/deleted`, { json: { value: 'v' } })
  await gateway.send('DELETE', `${secrets}/deleted`)
  const { json } = await gateway.send('GET', `${secrets}/payments%2Fdb/references`)
  const items = json.items as { format: string, text: string }[]
  const [store] = parseAllDocuments(items.find(({ format }) => format === 'external-secrets-webhook')?.text ?? '')
  const { spec } = store?.toJSON() as { spec: { provider: { webhook: { url: string } } } }
  return { gateway, template: spec.provider.webhook.url }
}

const object = '{"user":"app","a b+c":"odd","hosts":["db1"]}'

/** References, and the reply to each: the value, or the status and the code of the problem. */
const table: readonly [what: string, remoteRef: RemoteRef, reply: string | [status: number, code: string]][] = [
  ['a secret', { key: 'payments/db' }, object],
  ['a name with special characters', { key: 'a+b@c' }, 'text'],
  ['a key of the value', { key: 'payments/db', property: 'user' }, 'app'],
  ['a key with special characters', { key: 'payments/db', property: 'a b+c' }, 'odd'],
  ['a pointer into the value', { key: 'payments/db', property: '/hosts/0' }, 'db1'],
  ['a version', { key: 'payments/db', property: 'user', version: 'AWSPREVIOUS' }, 'old'],
  ['a secret that does not exist', { key: 'payments/none' }, [404, 'secret-not-found']],
  ['a secret that does not exist, and a key', { key: 'payments/none', property: 'user' }, [404, 'secret-not-found']],
  ['a secret that is scheduled for deletion', { key: 'deleted' }, [404, 'secret-not-found']],
  ['a version of a secret that is scheduled for deletion', { key: 'deleted', version: 'AWSPREVIOUS' }, [404, 'secret-not-found']],
  ['a key that the value does not have', { key: 'payments/db', property: 'none' }, [422, 'field-not-found']],
  ['a key of a text', { key: 'a+b@c', property: 'user' }, [409, 'value-not-json']],
  ['a version that does not exist', { key: 'payments/db', version: 'BLUE' }, [409, 'version-not-found']],
  ['a secret without a value', { key: 'empty' }, [409, 'secret-has-no-value']],
  ['an invalid name', { key: 'a//b' }, [400, 'invalid-request']],
  ['no name', { key: '' }, [400, 'invalid-request']]
]

t.test('requests of the webhook provider, and the replies', async (t) => {
  const { template } = await prepared(t)
  for (const [what, remoteRef, expected] of table) {
    const reply = await ask(template, remoteRef, tokens.administrator)
    if (typeof expected === 'string') t.match(reply, { status: 200, value: expected }, what)
    else t.match(reply, { status: expected[0], bodyStatus: expected[0], code: expected[1] }, what)
  }
})

t.test('an error in a store is never a 404', async (t) => {
  const { gateway, template } = await prepared(t)
  const cases: readonly [what: string, template: string, token: string, status: number, code: string][] = [
    ['an environment that does not exist', template.replace('/dev/', '/dve/'), tokens.administrator, 403, 'not-found'],
    ['an environment that the caller may not see', template.replace('/dev/', '/prod/'), tokens.reader, 403, 'not-found'],
    ['a path that does not exist', template.replace('/secrets/', '/secret/'), tokens.administrator, 403, 'not-found'],
    ['a caller without permission', template, tokens.writer, 403, 'forbidden'],
    ['a wrong token', template, 'wrong-token', 401, 'unauthenticated'],
    ['a wrong parameter', `${template}&versionLabel=BLUE`, tokens.administrator, 400, 'invalid-request']
  ]
  for (const [what, url, token, status, code] of cases) t.match(await ask(url, { key: 'payments/db' }, token), { status, code }, what)
  t.match(gateway.trail().find(({ code }) => code === 'not-found'), { event: 'denial', status: 403 }, 'the trail has the status that was sent')
})

t.test('without the parameters of the store, the statuses match the catalogue', async (t) => {
  const { gateway } = await prepared(t)
  const status = async (path: string): Promise<number> => (await gateway.send('GET', path)).status
  for (const path of ['/environments/dve/secrets/a', '/environments/dev/secrets/payments%2Fdb?field=none', '/environments/dev/secrets/payments%2Fdb?versionStage=BLUE', '/none?notFound=other']) {
    t.equal(await status(path), 404, path)
  }
  t.equal(await status('/environments/dev/secrets/deleted'), 409)
  t.equal(await status('/environments/dev/secrets/deleted?pendingDeletion=absent'), 404)
})

t.test('the setting pendingDeletion of an environment', async (t) => {
  const { gateway } = await prepared(t)
  const { config } = gateway.fastify
  const environments = new Map(config.current.environments)
  const dev = environments.get('dev')
  if (dev !== undefined) environments.set('dev', { ...dev, pendingDeletion: 'absent' })
  config.replace({ ...config.current, environments })
  t.match(await gateway.send('GET', '/environments/dev/secrets/deleted'), { status: 404, json: { code: 'secret-not-found' } })
  t.match(await gateway.send('GET', '/environments/dev/secrets/deleted?pendingDeletion=conflict'), { status: 409, json: { code: 'secret-pending-deletion' } })
  t.match(await gateway.send('PATCH', '/environments/dev/secrets/deleted/value', {
    headers: { 'content-type': 'application/merge-patch+json' }, body: '{"a":1}'
  }), { status: 409, json: { code: 'secret-pending-deletion' } }, 'for reads only')
})
