import fc from 'fast-check'
import t from 'tap'
import { parseStructure, type Parsed } from '#src/json/structure'

const bounds = { depth: 64, items: 10_000, values: 250_000 }

/** Parses JSON in pieces, and counts the pauses between them. */
function parse (text: string, pieceLength?: number): Parsed & { pauses: number } {
  const pieces = parseStructure(text, bounds, pieceLength)
  for (let pauses = 0; ; pauses++) {
    const step = pieces.next()
    if (step.done === true) return { ...step.value, pauses }
  }
}

t.test('the value is that of JSON.parse, whatever the length of the pieces', (t) => {
  const document = fc.tuple(fc.jsonValue({ stringUnit: 'grapheme' }), fc.constantFrom(undefined, 1, 4), fc.constantFrom(1, 5, 30, 1_000))
  fc.assert(fc.property(document, ([value, indent, pieceLength]) => {
    const text = JSON.stringify(value, null, indent)
    if (text.includes('"__proto__"')) return
    t.same(parse(text, pieceLength).content, JSON.parse(text))
    t.equal(JSON.stringify(parse(text, pieceLength).content), JSON.stringify(JSON.parse(text)), 'in the same order')
  }), { numRuns: 500 })
  t.end()
})

t.test('a part that is built already is added to its parent in any position', (t) => {
  const long = `[${Array(20).fill('"item"').join(', ')}]`
  for (const text of [
    long,
    `[${long}]`,
    `[1, ${long}, 2, ${long}]`,
    `{"a": ${long}}`,
    `{"a": 1, "b": ${long}, "c": 2}`,
    `{"a\\"\\\\": ${long}, "\\u0062": {"d": ${long}}, "1": [[]], "0": {}}`,
    `[[[${long}]], {"a": {"b": [${long}, {}]}}]`
  ]) t.same(parse(text, 20).content, JSON.parse(text), text)
  t.end()
})

t.test('a long text is parsed in pieces', (t) => {
  const items = Array.from({ length: 10_000 }, (_, index) => ({ name: `item ${index}`, tags: { a: 'b' } }))
  const text = JSON.stringify({ items })
  const longest = { parsed: 0 }
  const { parse: original } = JSON
  t.intercept(JSON, 'parse', { value: (piece: string) => {
    longest.parsed = Math.max(longest.parsed, piece.length)
    return original(piece) as unknown
  } })
  const { content, pauses } = parse(text)
  t.same(content, { items })
  t.equal(pauses, Math.floor(text.length / 32_768))
  t.ok(longest.parsed < 33_000, 'JSON.parse never gets a long text')
  t.end()
})
