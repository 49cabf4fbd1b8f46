import { visit, type JSONPath } from 'jsonc-parser'
import { parseLossless } from '#src/json/lossless'
import { pointerToken } from '#src/json/pointer'
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
 * - numbers beyond a double's range or precision, which `JSON.parse` would round, unless `schema` allows them
 * - documents with too many values or levels
 *
 * @param schema the body's schema. If it allows an object with any members, the object may contain any number. `withNumbers` then
 * keeps the text of these numbers.
 * @throws Problem `invalid-request`. It tells the place of the mistake: the line and column of a syntax error, or a JSON pointer
 * to any other mistake. Its message never quotes the text.
 */
export function parseJson (body: Uint8Array, schema?: BodySchema): unknown {
  const text = decode(body)
  const { changesNumbers } = checkStructure(text)
  return changesNumbers ? withNumbers(parseLossless(text), schema) : JSON.parse(text)
}

function decode (body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw invalidBody('must be UTF-8')
  }
}

/**
 * Throws if the text is not JSON, or contains anything that `JSON.parse` accepts but the gateway refuses. The parser, `visit` of
 * jsonc-parser, is recursive. A deeply nested document can't overflow the stack, because parsing ends as soon as there are too
 * many levels.
 *
 * @returns `changesNumbers` if JavaScript would write a number of the text differently
 */
function checkStructure (text: string): { changesNumbers: boolean } {
  const open: { names: Set<string>, items: number }[] = []
  let values = 0
  let changesNumbers = false
  const count = (path: Path): void => {
    const container = open.at(-1)
    if (container !== undefined) container.items += 1
    values += 1
    if (values > maximumValues) throw invalidBody('must not have so many values')
    if ((container?.items ?? 0) > maximumItems) throw invalidBody('must not have so many values', path().slice(0, -1))
  }
  const enter = (path: Path): void => {
    count(path)
    if (open.length === maximumDepth) throw invalidBody(`must not nest deeper than ${maximumDepth} levels`, path())
    open.push({ names: new Set(), items: 0 })
  }
  const leave = (): void => { open.pop() }
  visit(text, {
    onObjectBegin: (_offset, _length, _line, _column, path) => { enter(path) },
    onObjectEnd: leave,
    onArrayBegin: (_offset, _length, _line, _column, path) => { enter(path) },
    onArrayEnd: leave,
    onObjectProperty (name, _offset, _length, _line, _column, path) {
      const names = open.at(-1)?.names
      if (names?.has(name)) throw invalidBody('must not be twice in one object', [...path(), name])
      if (name === '__proto__') throw invalidBody('must not have a member named __proto__', path())
      if (!name.isWellFormed()) throw invalidBody('must not have an unpaired surrogate in a member\'s name', path())
      names?.add(name)
    },
    onLiteralValue (value, offset, length, _line, _column, path) {
      count(path)
      if (typeof value === 'string' && !value.isWellFormed()) throw invalidBody('must not have an unpaired surrogate', path())
      changesNumbers ||= typeof value === 'number' && String(value) !== text.slice(offset, offset + length)
    },
    onError (_error, _offset, _length, line, column) {
      throw invalidBody(`must be JSON; there is a syntax error at line ${line + 1}, column ${column + 1}`)
    }
  }, { disallowComments: true })
  return { changesNumbers }
}

type Path = () => JSONPath

const invalidBody = (message: string, path: JSONPath = []): Problem =>
  invalidRequest({ in: 'body', pointer: path.map((part) => `/${pointerToken(String(part))}`).join(''), message })
