import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '#src/http/json'

t.test('reads what JSON.parse reads', async (t) => {
  const wellFormed = fc.json({ stringUnit: 'grapheme', maxDepth: 5 })
  fc.assert(fc.property(wellFormed.filter((text) => !text.includes('__proto__')), (text) => {
    t.same(parseJson(Buffer.from(text)), JSON.parse(text))
  }), { numRuns: 200 })
})

t.test('refuses what JSON.parse refuses', async (t) => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:1a \\/*'), maxLength: 12 }), (text) => {
    let expected: unknown
    try { expected = JSON.parse(text) } catch { expected = undefined }
    let actual: unknown
    try { actual = parseJson(Buffer.from(text)) } catch { actual = undefined }
    // Unlike JSON.parse, parseJson also refuses duplicate names.
    return actual === undefined || JSON.stringify(actual) === JSON.stringify(expected)
  }), { numRuns: 3_000 })
  for (const text of ['', ' ', '{', '[1,]', '{a:1}', '// c\n1', '/* c */ 1', '\uFEFF1', '01', 'NaN', '"\n"']) {
    t.throws(() => parseJson(Buffer.from(text)), { code: 'invalid-request' }, JSON.stringify(text))
  }
})

t.test('a number is refused unless every digit can be kept', async (t) => {
  for (const number of ['0', '-0', '0.0', '1.0', '100', '1e2', '1E+2', '0.1', '-12.50', '9007199254740992', '1e-7', '123456789012345680000', '5e-324']) {
    t.equal(parseJson(Buffer.from(number)), JSON.parse(number), number)
  }
  for (const number of ['9007199254740993', '12345678901234567890', '1e400', '-1e400', '0.1234567890123456789', '1e-400']) {
    t.throws(() => parseJson(Buffer.from(`{"a":${number}}`)), { code: 'invalid-request' }, number)
  }
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => Object.is(parseJson(Buffer.from(JSON.stringify(number))), JSON.parse(JSON.stringify(number)))))
})

t.test('the number of values is limited', async (t) => {
  t.ok(parseJson(Buffer.from(`[${Array(10_000).fill('{}').join()}]`)))
  for (const text of [`[${Array(10_002).fill('{}').join()}]`, `[${Array(10_000).fill(`[${Array(30).fill('1').join()}]`).join()}]`]) {
    t.throws(() => parseJson(Buffer.from(text)), { code: 'invalid-request', options: { errors: [{ message: 'must not have so many values' }] } })
  }
})

t.test('at most 64 levels of nesting are accepted', async (t) => {
  t.ok(parseJson(Buffer.from('['.repeat(64) + ']'.repeat(64))))
  t.throws(() => parseJson(Buffer.from('['.repeat(65) + ']'.repeat(65))), { code: 'invalid-request' })
  t.ok(parseJson(Buffer.from('[{"a":1},{"a":1}]')), 'the same name in two objects')
})
