import { visit } from 'jsonc-parser'
import { parseLossless } from '#src/json/lossless'
import { invalidRequest, type Problem } from '#src/problems/problem'
import { withNumbers, type BodySchema } from './numbers.ts'

/**
 * The maximum nesting depth. It is more than any legitimate document needs, and too little to overflow the stack of a validator
 * or serializer.
 */
const maximumDepth = 64

/**
 * The maximum number of items in an array or object. It is one more than any route accepts. A list with just one item too many
 * therefore still reaches the schema, whose error message is more specific.
 */
const maximumItems = 10_001
/** The maximum number of JSON values in a document. */
const maximumValues = 250_000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a request's JSON (RFC 8259). Refuses everything that `JSON.parse` refuses, and in addition:
 *
 * - text that is not UTF-8
 * - duplicate member names, of which `JSON.parse` would keep the last
 * - the member name `__proto__`
 * - lone surrogates, which UTF-8 can't represent
 * - numbers beyond a double's range or precision, which `JSON.parse` would round
 * - documents with too many values or levels
 *
 * @param schema the body's schema. Objects whose members it does not describe may contain any number, and keep its text: see
 * `withNumbers`.
 * @throws Problem `invalid-request`; its message never quotes the text
 */
export function parseJson (body: Uint8Array, schema?: BodySchema): unknown {
  const text = decode(body)
  const { changesNumbers } = checkStructure(text)
  const content = changesNumbers ? parseLossless(text) : parse(text)
  if (content === undefined) throw invalidBody('must be JSON')
  return changesNumbers ? withNumbers(content, schema) : content
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function decode (body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw invalidBody('must be UTF-8')
  }
}

/**
 * Throws if the text contains anything that `JSON.parse` accepts but the gateway refuses. The parser, `visit` of jsonc-parser, is
 * recursive. A deeply nested document can't overflow the stack, because parsing ends at the first error.
 *
 * @returns `changesNumbers` if JavaScript would write a number of the text differently
 */
function checkStructure (text: string): { changesNumbers: boolean } {
  const open: { names: Set<string>, items: number }[] = []
  let values = 0
  let changesNumbers = false
  const count = (): void => {
    const container = open.at(-1)
    if (container !== undefined) container.items += 1
    values += 1
    if (values > maximumValues || (container?.items ?? 0) > maximumItems) throw invalidBody('must not have so many values')
  }
  const enter = (): void => {
    count()
    if (open.length === maximumDepth) throw invalidBody(`must not nest deeper than ${maximumDepth} levels`)
    open.push({ names: new Set(), items: 0 })
  }
  const leave = (): void => { open.pop() }
  visit(text, {
    onObjectBegin: enter,
    onObjectEnd: leave,
    onArrayBegin: enter,
    onArrayEnd: leave,
    onObjectProperty (name) {
      const names = open.at(-1)?.names
      if (names?.has(name)) throw invalidBody('must not have the same member twice in one object')
      if (name === '__proto__') throw invalidBody('must not have a member named __proto__')
      checkString(name)
      names?.add(name)
    },
    onLiteralValue (value, offset, length) {
      count()
      if (typeof value === 'string') checkString(value)
      changesNumbers ||= typeof value === 'number' && String(value) !== text.slice(offset, offset + length)
    }
  })
  return { changesNumbers }
}

function checkString (string: string): void {
  if (!string.isWellFormed()) throw invalidBody('must not have an unpaired surrogate in a string')
}

const invalidBody = (message: string): Problem => invalidRequest({ in: 'body', pointer: '', message })
