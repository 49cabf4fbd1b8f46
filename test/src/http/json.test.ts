import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '../../../src/http/json.ts'

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
    // Duplicate names are refused besides.
    return actual === undefined || JSON.stringify(actual) === JSON.stringify(expected)
  }), { numRuns: 3_000 })
  for (const text of ['', ' ', '{', '[1,]', '{a:1}', '// c\n1', '/* c */ 1', '\uFEFF1', '01', 'NaN', '"\n"']) {
    t.throws(() => parseJson(Buffer.from(text)), { code: 'invalid-request' }, JSON.stringify(text))
  }
})

t.test('64 levels, and no more', async (t) => {
  t.ok(parseJson(Buffer.from('['.repeat(64) + ']'.repeat(64))))
  t.throws(() => parseJson(Buffer.from('['.repeat(65) + ']'.repeat(65))), { code: 'invalid-request' })
  t.ok(parseJson(Buffer.from('[{"a":1},{"a":1}]')), 'the same name in two objects')
})
