import fc from 'fast-check'
import t from 'tap'
import { stringify } from 'yaml'
import { build, type Gateway, type Reply } from '#test/helper'
import { secretsctl } from '#test/secretsctl'

/** Numbers in JSON, most of which have a text that JavaScript would change. */
const jsonNumber = fc.oneof(
  fc.constantFrom('81111e1', '1.10', '1.0', '-0.0', '-0', '1E400', '1e-400', '12345678901234567890', '0.1234567890123456789', '8080'),
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,20})(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/)
)

const json = { 'content-type': 'application/json' }
const path = '/environments/dev/secrets/n'

const bulk = async ({ send }: Gateway, value: string, rest = '"onConflict":"update"'): Promise<Reply> =>
  send('POST', '/environments/dev/secrets', { headers: json, body: `{"secrets":[{"name":"n","value":${value}}],${rest}}` })

/**
 * A function for each operation that accepts an object with any members, keyed by `operationId`. It writes the object through the
 * operation, and returns the stored text.
 */
const operations: Record<string, (gateway: Gateway, object: string) => Promise<string>> = {
  async createSecret (gateway, object) {
    await createAnew(gateway, object)
    return stored(gateway)
  },
  async putSecret (gateway, object) {
    await gateway.send('PUT', path, { headers: json, body: `{"value":${object}}` })
    return stored(gateway)
  },
  async updateSecret (gateway, object) {
    await gateway.send('PUT', path, { json: { value: 'v' } })
    await gateway.send('PATCH', path, { headers: json, body: `{"value":${object}}` })
    return stored(gateway)
  },
  async patchValue (gateway, object) {
    await createAnew(gateway, '{}')
    await gateway.send('PATCH', `${path}/value`, { headers: { 'content-type': 'application/merge-patch+json' }, body: object })
    return stored(gateway)
  },
  async bulkCreateSecrets (gateway, object) {
    await bulk(gateway, object)
    return stored(gateway)
  },
  putPolicy: async (gateway, object) => sentPolicy(gateway, 'PUT', `${path}/policy`, object),
  validatePolicy: async (gateway, object) => sentPolicy(gateway, 'POST', `${path}/policy/validate`, object)
}

/** Deletes the secret and creates it again with this object as its value, so that it has no other versions. */
async function createAnew (gateway: Gateway, object: string): Promise<void> {
  await gateway.send('DELETE', `${path}?force=true`)
  await gateway.send('POST', path, { headers: json, body: `{"value":${object}}` })
}

/** Sends a resource policy, and returns the text that AWS receives. */
async function sentPolicy (gateway: Gateway, method: string, path: string, object: string): Promise<string> {
  let sent = ''
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next) => async (args) => {
    sent = (args.input as { ResourcePolicy?: string }).ResourcePolicy ?? ''
    return next(args)
  }, { step: 'initialize', name: 'sent', override: true })
  await gateway.send(method, path, { headers: json, body: `{"resourcePolicy":${object}}` })
  return sent
}

const stored = async (gateway: Gateway): Promise<string> => (await gateway.send('GET', path)).json.value as string

/** More functions like those in `operations`, for other ways to write or read a secret's value, keyed by a description. */
const otherPaths: typeof operations = {
  async 'an atomic bulk create' (gateway, object) {
    await bulk(gateway, object, '"onConflict":"update","atomic":true')
    return stored(gateway)
  },
  async 'a merge patch of another member' (gateway, object) {
    await createAnew(gateway, object)
    await gateway.send('PATCH', `${path}/value`, { headers: { 'content-type': 'application/merge-patch+json' }, body: '{"z":2.50}' })
    const [before, after, ...rest] = (await stored(gateway)).split(',"z":2.50')
    return after === '}' && rest.length === 0 ? `${before}}` : 'the value has not been patched'
  },
  async 'a promotion' (gateway, object) {
    await gateway.send('PUT', path, { headers: json, body: `{"value":${object}}` })
    await gateway.send('POST', '/environments/staging/promotions', { json: { from: 'dev', names: ['n'], onConflict: 'update' } })
    return (await gateway.send('GET', '/environments/staging/secrets/n')).json.value as string
  },
  async 'a field that is read' (gateway, object) {
    await gateway.send('PUT', path, { headers: json, body: `{"value":{"whole":${object}}}` })
    return (await gateway.send('GET', `${path}?field=whole`)).json.value as string
  },
  async 'secretsctl apply, in JSON' (gateway, object) {
    const stdin = `{"onConflict":"update","secrets":[{"name":"n","value":${object}}]}`
    await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin })
    return stored(gateway)
  },
  async 'secretsctl apply, in YAML' (gateway, object) {
    const lines = Object.entries(JSON.parse(object, (_key, member: unknown, context?: { source?: string }) => context?.source ?? member) as Record<string, unknown>)
      .map(([key, member]) => `    ${stringify(JSON.parse(`"${key}"`) as string).trim()}: ${Array.isArray(member) ? `[${member.join(', ')}]` : String(member)}\n`)
    await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev'], { stdin: `onConflict: update\nsecrets:\n- name: n\n  value:\n${lines.join('')}` })
    return stored(gateway)
  }
}

t.test('numbers keep their exact text on every path to a secret', async (t) => {
  for (const [name, write] of Object.entries({ ...operations, ...otherPaths })) {
    t.test(name, async (t) => {
      const gateway = await build(t)
      await fc.assert(fc.asyncProperty(fc.array(jsonNumber, { minLength: 1, maxLength: 20 }), async (numbers) => {
        const object = `{"list":[${numbers.join()}],${numbers.map((number, index) => `"n${index}":${number}`).join()}}`
        t.equal(await write(gateway, object), object)
      }), { numRuns: 8 })
    })
  }
})

interface Schema { type?: string | string[], properties?: Record<string, Schema>, additionalProperties?: boolean | Schema, items?: Schema, anyOf?: Schema[] }

/** Returns true if the schema allows an object with any members, as the whole value or within it. */
const isOpen = (schema: Schema): boolean =>
  ([schema.type].flat().includes('object') && schema.properties === undefined && schema.additionalProperties !== false && typeof schema.additionalProperties !== 'object') ||
  [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties, ...schema.anyOf ?? []]
    .some((part) => typeof part === 'object' && isOpen(part))

t.test('every operation that accepts an object with any members is tested above', async (t) => {
  const { fastify } = await build(t)
  const paths = Object.values(fastify.swagger().paths ?? {}) as Record<string, { operationId: string, requestBody?: { content: Record<string, { schema: Schema }> } }>[]
  const open = paths.flatMap((path) => Object.values(path))
    // In AWS's own protocol, values are text. The document leaves the members of its bodies open, because AWS documents them.
    .filter(({ operationId }) => operationId !== 'callAws')
    .filter(({ requestBody }) => Object.values(requestBody?.content ?? {}).some(({ schema }) => isOpen(schema)))
  t.same(open.map(({ operationId }) => operationId).sort(), Object.keys(operations).sort())
})

t.test('a resource policy is read with the numbers that it was written with', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  const document = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":3600.0}}}]}'
  t.match(await gateway.send('PUT', `${path}/policy`, { headers: json, body: `{"resourcePolicy":${document}}` }), { status: 200 })
  t.match((await gateway.send('GET', `${path}/policy`)).text, `"resourcePolicy":${document}`)
})

t.test('numbers outside of such objects are ordinary numbers', async (t) => {
  const gateway = await build(t)
  const settings = (number: string): string => `"dryRun":true,"settings":{"concurrency":${number}}`
  t.match(await bulk(gateway, '{}', settings('1.0')), { status: 200 })
  t.match(await bulk(gateway, '{}', settings('0.8e1')), { status: 200 })
  t.match(await bulk(gateway, '{}', settings('1.50')), { status: 400, json: { errors: [{ pointer: '/settings/concurrency', message: 'must be integer' }] } })
  t.match(await bulk(gateway, '{}', settings('12345678901234567890')), { status: 400, json: { errors: [{ pointer: '/settings/concurrency', message: /precision/ }] } })
  t.match(await bulk(gateway, '1.10'), { status: 400, json: { errors: [{ pointer: '/secrets/0/value', message: 'must be string or object' }] } })
  const item = `{"secrets":[${'{"name":"n"},'.repeat(30)}{"name":"n","tags":{"a/b":1e400}}]}`
  t.match(await gateway.send('POST', '/environments/dev/secrets', { headers: json, body: item }), { status: 400, json: { errors: [{ pointer: '/secrets/30/tags/a~1b' }] } })
})

t.test('a number with very many zeros does not keep the gateway busy', async (t) => {
  const gateway = await build(t)
  // At quadratic cost, these numbers would take minutes.
  const zeros = '0'.repeat(1_000_000)
  for (const number of [`1${zeros}1`, `0.${zeros}1`, `1.${zeros}1`, `1e${zeros}1`]) {
    t.match(await gateway.send('POST', '/environments/dev/secrets', { headers: json, body: number }), { status: 400 }, number.slice(0, 5))
  }
})

t.test('two numbers that differ only in their text are different values', async (t) => {
  const gateway = await build(t)
  const headers = { ...json, 'idempotency-key': 'one' }
  const put = async (number: string): Promise<Reply> => gateway.send('PUT', path, { headers, body: `{"value":{"a":${number}}}` })
  t.match([await put('1.10'), await put('1.10'), await put('1.1')], [{ status: 201 }, { status: 200 }, { status: 409, json: { code: 'idempotency-conflict' } }])

  const create = async (number: string): Promise<Reply> =>
    gateway.send('POST', '/environments/dev/secrets', { headers: { ...json, 'idempotency-key': 'two' }, body: `{"secrets":[{"name":"m","value":{"a":${number}}}]}` })
  t.match([await create('1.10'), await create('1.10')], [{ status: 201 }, { status: 201 }])
  for (const other of ['1.1', '{"rawJSON":"1.10"}']) t.match(await create(other), { status: 422, json: { code: 'idempotency-mismatch' } }, other)

  await gateway.send('PUT', `${path}x`, { headers: json, body: '{"value":{"a":1.10}}' })
  t.match(await gateway.send('PUT', `${path}x`, { headers: json, body: '{"value":{"a":1.10}}' }), { json: { unchanged: true } })
  t.notOk((await gateway.send('PUT', `${path}x`, { headers: json, body: '{"value":{"a":1.1}}' })).json.unchanged)
})

t.test('types are checked by the text of numbers', async (t) => {
  const gateway = await build(t)
  const create = async (type: string, members: string, isText: boolean): Promise<Reply> => {
    const object = `{"engine":"postgres","host":"h","username":"u","password":"p"${members}}`
    return gateway.send('POST', '/environments/dev/secrets/typed', { headers: json, body: `{"type":"${type}","value":${isText ? JSON.stringify(object) : object}}` })
  }
  for (const isText of [true, false]) {
    for (const port of ['5432.0', '5.432e3', '-0', '1e400']) {
      t.match(await create('rds', `,"port":${port}`, isText), { status: 400, json: { errors: [{ pointer: '/value/port' }] } }, port)
    }
    t.match(await create('key-value', ',"a":1.10', isText), { status: 400, json: { errors: [{ pointer: '/value/a', message: /^must be a string/ }] } })
  }
  t.match(await create('rds', ',"port":5432', false), { status: 201 })
})
