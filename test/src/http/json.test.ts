import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '#src/http/json'

t.test('reads what JSON.parse reads', async (t) => {
  const wellFormed = fc.json({ stringUnit: 'grapheme', maxDepth: 5 })
  await fc.assert(fc.asyncProperty(wellFormed.filter((text) => !text.includes('__proto__')), async (text) => {
    t.same(await parseJson(Buffer.from(text)), JSON.parse(text))
  }), { numRuns: 200 })
})

t.test('refuses what JSON.parse refuses', async (t) => {
  await fc.assert(fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'{}[]",:1a \\/*'), maxLength: 12 }), async (text) => {
    let expected: unknown
    try { expected = JSON.parse(text) } catch { expected = undefined }
    let actual: unknown
    try { actual = await parseJson(Buffer.from(text)) } catch { actual = undefined }
    // Unlike JSON.parse, parseJson also refuses duplicate names.
    return actual === undefined || JSON.stringify(actual) === JSON.stringify(expected)
  }), { numRuns: 3_000 })
  for (const text of ['', ' ', '{', '[1,]', '{a:1}', '// c\n1', '/* c */ 1', '\uFEFF1', '01', 'NaN', '"\n"']) {
    await t.rejects(parseJson(Buffer.from(text)), { code: 'invalid-request' }, JSON.stringify(text))
  }
})

t.test('a number is refused unless every digit can be kept', async (t) => {
  for (const number of ['0', '-0', '0.0', '1.0', '100', '1e2', '1E+2', '0.1', '-12.50', '9007199254740992', '1e-7', '123456789012345680000', '5e-324']) {
    t.equal(await parseJson(Buffer.from(number)), JSON.parse(number), number)
  }
  for (const number of ['9007199254740993', '12345678901234567890', '1e400', '-1e400', '0.1234567890123456789', '1e-400']) {
    await t.rejects(parseJson(Buffer.from(`{"a":${number}}`)), { code: 'invalid-request' }, number)
  }
  await fc.assert(fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (number) => Object.is(await parseJson(Buffer.from(JSON.stringify(number))), JSON.parse(JSON.stringify(number)))))
})

t.test('the number of values is limited', async (t) => {
  t.ok(await parseJson(Buffer.from(`[${Array(10_000).fill('{}').join()}]`)))
  for (const text of [`[${Array(10_002).fill('{}').join()}]`, `[${Array(10_000).fill(`[${Array(30).fill('1').join()}]`).join()}]`]) {
    await t.rejects(parseJson(Buffer.from(text)), { code: 'invalid-request', options: { errors: [{ message: 'must not have so many values' }] } })
  }
})

t.test('at most 64 levels of nesting are accepted', async (t) => {
  t.ok(await parseJson(Buffer.from('['.repeat(64) + ']'.repeat(64))))
  await t.rejects(parseJson(Buffer.from('['.repeat(65) + ']'.repeat(65))), { code: 'invalid-request' })
  t.ok(await parseJson(Buffer.from('[{"a":1},{"a":1}]')), 'the same name in two objects')
})

t.test('a name that occurs twice is found, however it is written and however many members there are', async (t) => {
  const many = Array.from({ length: 100 }, (_, index) => `"n${index}":${index}`)
  for (const [text, pointer] of [
    ['{"a":1,"a":2}', '/a'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"\\n":1,"b":{},"\\u000a":2}', '/\n'],
    [`[{${many.join()},"n99":0}]`, '/0/n99'],
    [`{"x":{${many.slice(0, 5).join()}},"y":{${many.join()},"n3":0}}`, '/y/n3']
  ] as const) await t.rejects(parseJson(Buffer.from(text)), { code: 'invalid-request', options: { errors: [{ pointer, message: 'must not be twice in one object' }] } }, text.slice(0, 40))
  t.ok(await parseJson(Buffer.from(`[{${many.join()}},{${many.join()}}]`)))
})

t.test('a syntax error has a line and a column, whatever separates the lines', async (t) => {
  for (const [text, place] of [
    ['', 'line 1, column 1'], ['{\n\n"a" 1}', 'line 3, column 5'], ['[1,\r\n2,\r3,\n x]', 'line 4, column 2'], ['{"a":1}}', 'line 1, column 8'],
    ['[1,]', 'line 1, column 4'], ['[1 2]', 'line 1, column 4'], ['{"a":1]', 'line 1, column 7'], ['["\\u12"]', 'line 1, column 2'], ['[-]', 'line 1, column 2'],
    ['[truth]', 'line 1, column 2'], ['[truetrue]', 'line 1, column 6']
  ] as const) {
    await t.rejects(parseJson(Buffer.from(text)), { code: 'invalid-request', options: { errors: [{ pointer: '', message: `must be JSON; there is a syntax error at ${place}` }] } }, JSON.stringify(text))
  }
})

t.test('numbers keep their text only where the schema allows any members', async (t) => {
  const schema = { type: 'object', properties: { value: { type: 'object' }, list: { items: { type: 'integer' } } } }
  const written = '{"value":{"a":[1.0,{"b":-0.50}],"c":1e2,"d":12345678901234567890},"list":[1.0,10e-1]}'
  const content = await parseJson(Buffer.from(written), schema)
  t.equal(JSON.stringify(content), '{"value":{"a":[1.0,{"b":-0.50}],"c":1e2,"d":12345678901234567890},"list":[1,1]}')
  await t.rejects(parseJson(Buffer.from('{"list":[1.0,12345678901234567890]}'), schema), { code: 'invalid-request', options: { errors: [{ pointer: '/list/1' }] } })
})

t.test('other work runs while a long body is parsed', async (t) => {
  const body = Buffer.from(JSON.stringify(Array.from({ length: 10_000 }, (_, index) => ({ name: `n${index}`, value: 'v'.repeat(50) }))))
  // The clock advances by 4 ms with each reading, so the parser's turn is over after a few pieces of the text.
  let time = 0
  t.intercept(performance, 'now', { value: () => time += 4 })
  let turns = 0
  const count = (): void => {
    turns += 1
    if (isParsing) setImmediate(count)
  }
  let isParsing = true
  setImmediate(count)
  t.equal((await parseJson(body) as unknown[]).length, 10_000)
  isParsing = false
  t.ok(turns >= 5, `other work ran ${turns} times in between`)
})

t.test('a body of at most 16 KiB is parsed at once, and a longer one in a later iteration of the event loop', async (t) => {
  // The clock stands still, so the parser's turn lasts until the whole text is parsed.
  t.intercept(performance, 'now', { value: () => 0 })
  for (const [bytes, expected] of [[16 * 1024, false], [16 * 1024 + 1, true]] as const) {
    let isLater = false
    setImmediate(() => { isLater = true })
    await parseJson(Buffer.from(JSON.stringify('x'.repeat(bytes - 2))))
    t.equal(isLater, expected, `${bytes} bytes`)
  }
})

t.test('the parsing of a long body ends when nobody waits for it', async (t) => {
  const [short, long] = [Buffer.from('[1]'), Buffer.from(JSON.stringify(Array(10_000).fill('value')))]
  const isGone = (): boolean => true
  t.same(await parseJson(short, undefined, { isGone }), [1], 'a short one is parsed at once')
  await t.rejects(parseJson(long, undefined, { isGone }), { code: 'caller-gone' })
})
