import t from 'tap'
import { bodyLimitOf } from '#src/http/body-limit'
import { build, tokens } from '#test/helper'
import { sendRaw } from '#test/raw'

const mebibyte = 1024 * 1024

t.test('a limit follows from the schema', async (t) => {
  const closed = { additionalProperties: false }
  for (const [what, schema, limit] of [
    ['no body', undefined, 1024],
    ['a text', { type: 'string', maxLength: 10_000 }, 118 * 1024],
    ['a string of any length', { type: 'string' }, mebibyte],
    ['one of a few texts', { type: 'string', enum: ['a'.repeat(2_000), 'b'] }, 24 * 1024],
    ['scalars, whose mistakes are to be told', { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'number' }, c: { type: 'boolean' } }, ...closed }, 16 * 1024],
    ['a list', { type: 'array', maxItems: 1_000, items: { type: 'boolean' } }, 94 * 1024],
    ['a list of any length', { type: 'array', items: { type: 'boolean' } }, mebibyte],
    ['a list of anything', { type: 'array', maxItems: 1 }, mebibyte],
    ['a map', { type: 'object', maxProperties: 100, propertyNames: { maxLength: 10 }, additionalProperties: { type: 'string', maxLength: 10 } }, 31 * 1024],
    ['a map of any size', { type: 'object', additionalProperties: { type: 'string', maxLength: 10 } }, mebibyte],
    ['an object with any members', { type: 'object' }, mebibyte],
    ['the longer of two forms', { anyOf: [{ type: 'string', maxLength: 10 }, { type: 'string', maxLength: 10_000 }] }, 118 * 1024],
    ['a schema of another kind', {}, mebibyte]
  ] as const) t.equal(bodyLimitOf(schema), limit, what)
})

t.test('a body that is longer than its route needs is refused before it is sent', async (t) => {
  const gateway = await build(t)
  const secret = '/environments/dev/secrets/a'
  for (const [method, path, limit, type = 'application/json'] of [
    ['POST', '/auth/aws/login', 32 * 1024], ['PUT', `${secret}/policy`, 256 * 1024], ['POST', `${secret}/policy/validate`, 256 * 1024],
    ['PUT', `${secret}/stages/s`, 16 * 1024], ['POST', `${secret}/rollback`, 16 * 1024], ['PUT', `${secret}/rotation`, 32 * 1024],
    ['PUT', `${secret}/tags`, 256 * 1024], ['PATCH', `${secret}/value`, 512 * 1024, 'application/merge-patch+json'], ['PUT', secret, mebibyte],
    ['POST', '/environments/dev/secrets', 16 * mebibyte]
  ] as const) {
    const headers = [['Authorization', `Bearer ${tokens.administrator}`], ['Content-Type', type], ['Content-Length', String(limit + 1)]] as const
    t.match(await sendRaw(gateway.url, { method, path, headers }), { status: 413, code: 'payload-too-large' }, `${method} ${path}`)
  }
  t.same(gateway.awsCalls, [])
})

t.test('the longest body that a schema allows is accepted, even if all of it is escaped', async (t) => {
  const { send } = await build(t)
  const secret = '/environments/dev/secrets/a'
  await send('POST', secret, { json: { value: 'v' } })
  const headers = { 'content-type': 'application/json' }
  const tags = Array.from({ length: 50 }, (_, index) => `"${'\\u0061'.repeat(126)}${10 + index}": "${'\\u00e9'.repeat(256)}"`)
  t.match(await send('PUT', `${secret}/tags`, { headers, body: `{\n${tags.join(',\n')}\n}` }), { status: 200 })
  const patch = { headers: { 'content-type': 'application/merge-patch+json' }, body: `{"a":"${'\\u0061'.repeat(65_000)}"}` }
  await send('PUT', secret, { json: { value: {} } })
  t.match(await send('PATCH', `${secret}/value`, patch), { status: 200 })
})
