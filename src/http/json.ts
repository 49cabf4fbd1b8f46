import { visit } from 'jsonc-parser'
import { invalidRequest, type Problem } from '#src/problems/problem'

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
 * @throws Problem `invalid-request`; its message never quotes the text
 */
export function parseJson (body: Uint8Array): unknown {
  const text = decode(body)
  checkStructure(text)
  try {
    return JSON.parse(text)
  } catch {
    throw invalidBody('must be JSON')
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
 */
function checkStructure (text: string): void {
  const open: { names: Set<string>, items: number }[] = []
  let values = 0
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
      if (typeof value === 'number' && decimal(text.slice(offset, offset + length)) !== decimal(String(value))) {
        throw invalidBody('must not have a number that is beyond a double\'s range or precision (RFC 7493, section 2.2)')
      }
    }
  })
}

function checkString (string: string): void {
  if (!string.isWellFormed()) throw invalidBody('must not have an unpaired surrogate in a string')
}

/** Normalizes a number's text to its significant digits and a power of ten, so that `1.0`, `10e-1` and `1` are equal. */
function decimal (number: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? [number]
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`
}

const invalidBody = (message: string): Problem => invalidRequest({ in: 'body', pointer: '', message })
