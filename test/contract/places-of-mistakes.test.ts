import t from 'tap'
import { build, type Gateway, type Reply } from '#test/helper'

const json = { 'content-type': 'application/json' }
const bulk = async ({ send }: Gateway, body: string): Promise<Reply> => send('POST', '/environments/dev/secrets', { headers: json, body })

/** Returns the body of a bulk create with 60 items, one per line. The item with the index 30 is `item`. It is on line 32. */
const withItem = (item: string): string =>
  `{"secrets":[\n${Array.from({ length: 60 }, (_, index) => index === 30 ? item : `{"name":"n${index}"}`).join(',\n')}\n]}`

t.test('bulkCreateSecrets: a mistake in one item of many is reported with its place', async (t) => {
  const gateway = await build(t)
  for (const [item, place] of [
    // A syntax error is located by line and column.
    ['{"name":"a" "value":"canary"}', 'line 32, column 13'],
    ['{"name":"a","value":canary}', 'line 32, column 21'],
    ['{"name":"a","value":"canary\n"}', 'line 32, column 21'],
    ['{"name":"a","value":"\\x"}', 'line 32, column 21'],
    ['{"name":"a","value":01}', 'line 32, column 22'],
    ['{"name":"a",}', 'line 32, column 13'],
    ['{"name":"a"} // canary', 'line 32, column 14'],
    ['{"name":"é😀",}', 'line 32, column 15'],
    // Any other mistake is located by a JSON pointer.
    ['{"name":"a","value":{"x/y":"canary","x/y":1}}', '/secrets/30/value/x~1y'],
    ['{"name":"a","name":"a"}', '/secrets/30/name'],
    ['{"name":"a","tags":{"a":{"b":[0,{"c":1,"c":2}]}}}', '/secrets/30/tags/a/b/1/c'],
    ['{"name":"a","generate":{"passwordLength":12345678901234567890}}', '/secrets/30/generate/passwordLength'],
    ['{"name":"a","value":{"__proto__":1}}', '/secrets/30/value'],
    ['{"name":"a","value":{"\\ud800":1}}', '/secrets/30/value'],
    ['{"name":"a","value":{"b":["\\ud800"]}}', '/secrets/30/value/b/0'],
    [`{"name":"a","value":{"b":${'['.repeat(70)}${']'.repeat(70)}}}`, `/secrets/30/value/b${'/0'.repeat(60)}`],
    [`{"name":"a","value":{"b":[${'0,'.repeat(10_001)}0]}}`, '/secrets/30/value/b']
  ] as const) {
    const reply = await bulk(gateway, withItem(item))
    const [error] = reply.json.errors
    t.match(reply, { status: 400, json: { code: 'invalid-request', errorCount: 1 } }, item.slice(0, 60))
    const expected = place.startsWith('/') ? { pointer: place } : { pointer: '', message: `must be JSON; there is a syntax error at ${place}` }
    t.same({ in: 'body', ...error, ...expected }, { in: 'body', ...error }, `${item.slice(0, 60)}: ${place}`)
    t.notMatch(reply.text, 'canary')
  }
  t.match(await bulk(gateway, '{"secrets":[\n{'), { json: { errors: [{ message: /at line 2, column 2$/ }] } }, 'a body that breaks off')
  t.same(gateway.awsCalls, [])
})

t.test('bulkCreateSecrets: the search for mistakes ends when there are 100', async (t) => {
  const gateway = await build(t)
  // Each item has eight members of the wrong type, and sixteen unknown ones.
  const wrong = Object.fromEntries([
    ...['name', 'value', 'encoding', 'type', 'generate', 'description', 'kmsKeyId', 'tags'], ...Array.from({ length: 16 }, (_, index) => `x${index}`)
  ].map((member) => [member, 1]))
  const reply = await bulk(gateway, JSON.stringify({ secrets: Array(9_500).fill(wrong) }))
  t.match(reply, { status: 400, json: { code: 'invalid-request' } })
  t.equal(reply.json.errors.length, 100)
  // Each wrong item has at least 24 mistakes. The search ends after the fifth item.
  t.ok(reply.json.errorCount >= 100 && reply.json.errorCount < 150, `${reply.json.errorCount} mistakes`)

  const names = await bulk(gateway, JSON.stringify({ secretNames: Array(10_000).fill('a//b') }))
  t.match(names, { status: 400, json: { errorCount: 100 } })
  t.equal(names.json.errors.length, 100)
  const reserved = await bulk(gateway, JSON.stringify({ secretNames: Array.from({ length: 10_000 }, (_, index) => `a!${index}`) }))
  t.match(reserved, { status: 400, json: { errorCount: 100 } }, 'mistakes that only the gateway\'s own rules find')
  const both = await bulk(gateway, JSON.stringify({ secrets: [{ name: 1 }], secretNames: Array.from({ length: 9_999 }, (_, index) => `a!${index}`) }))
  t.match(both, { status: 400, json: { errorCount: 101, errors: [{ pointer: '/secrets/0/name' }, { pointer: '/secretNames/0' }] } }, 'both kinds')
  const few = await bulk(gateway, JSON.stringify({ secretNames: ['a', 1, 'b'], secrets: [{ name: 'c', x: 1 }, 2] }))
  t.match(few, { status: 400, json: { errorCount: 3 } }, 'fewer mistakes are counted exactly')
})

interface Operation { operationId: string, requestBody?: { content: Record<string, unknown> } }

t.test('every route with a body reports very many mistakes', async (t) => {
  const gateway = await build(t)
  // A body with more members would be too long for the routes that accept only short bodies.
  const members = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]))
  const parameters: Record<string, string> = { env: 'dev', name: 'n', id: 'dev-account', stage: 's' }
  const operations = Object.entries(gateway.fastify.swagger().paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, ...operation })))
  let tried = 0
  for (const { path, method, operationId, requestBody } of operations) {
    // The body of `patchValue` is a merge patch. It may have any members, so there is no mistake to report. AWS ignores unknown
    // members, and so does `callAws`.
    if (requestBody === undefined || operationId === 'patchValue' || operationId === 'callAws') continue
    tried++
    const at = path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? '')
    const { status, json } = await gateway.send(method.toUpperCase(), at, { json: members })
    t.match({ status, json }, { status: 400, json: { code: 'invalid-request' } }, operationId)
    t.equal(json.errors.length, 100, operationId)
    t.ok(json.errorCount >= 100, `${operationId}: ${json.errorCount}`)
  }
  t.ok(tried > 10)
})

t.test('readSecrets and promoteSecrets: the search in 10,000 wrong names ends when there are 100 mistakes', async (t) => {
  const { send } = await build(t)
  const names = Array.from({ length: 10_000 }, (_, index) => `n${index}//`)
  for (const [path, json] of [
    ['/environments/dev/values', { names }],
    ['/environments/staging/promotions', { from: 'dev', names }]
  ] as const) {
    const reply = await send('POST', path, { json })
    t.equal(reply.status, 400, path)
    t.match(reply.json.errors[99], { pointer: '/names/99' }, path)
    t.equal(reply.json.errorCount, 100, path)
    t.equal(reply.json.errors.length, 100)
  }
})
