import { isScalar, LineCounter, parseDocument, visit, type Document, type Node, type Pair, type Scalar } from 'yaml'
import { exactNumber } from '#src/json/lossless'
import { CommandFailure } from './terminal.ts'

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i

/**
 * Matches unquoted text that a parser of YAML 1.1 or 1.2 reads as a number or a date, such as `010`, `0x1F`, `0o17`, `1_000`,
 * `.5`, `+1`, `.inf`, `12:30:45` and `2026-11-30`.
 */
const numberOrDate = new RegExp([
  /[-+]?0(?:b[01_]+|o[0-7_]+|x[\da-f_]+)/, // binary, octal and hexadecimal numbers, such as 0b11, 0o17 and 0x1F
  /[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[-+]?\d+)?/, // decimal numbers, and octal numbers such as 010
  /[-+]?\.inf|\.nan/,
  /[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?/, // sexagesimal numbers, such as 12:30:45
  /\d{4}-\d\d?-\d\d?(?:(?:t|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?[ \t]*(?:z|[-+]\d\d?(?::?\d\d)?)?)?/ // dates, with or without a time
].map(({ source }) => `^(?:${source})$`).join('|'), 'i')

/**
 * Parses YAML or JSON to the JSON that the gateway receives. Numbers keep their text: `1.10` remains `1.10`. Two kinds of
 * unquoted text are refused:
 *
 * - numbers in a notation that JSON does not have, such as `0x1F`
 * - text that is a number or a date in only some versions of YAML, such as `12:30:45`, because its meaning is ambiguous
 *
 * @throws CommandFailure for refused or invalid text, and for YAML with so many aliases that it could exhaust memory ("billion
 * laughs"). The message contains the line and the column, if they are known. It never quotes the text, because the text may be a
 * secret's value.
 */
export function yamlFrom (text: string): unknown {
  const lines = new LineCounter()
  const document = parseDocument(text, { strict: true, uniqueKeys: true, prettyErrors: true, lineCounter: lines })
  const refuse: Refuse = (node, message) => {
    const { line, col } = lines.linePos(node.range?.[0] ?? 0)
    throw new CommandFailure(`Line ${line}, column ${col} of the file: ${message}`)
  }
  throwSyntaxError(document)
  if (document.directives.yaml.version === '1.1') throw new CommandFailure('The file is YAML 1.1, which is not accepted: remove the directive %YAML')
  visit(document, {
    Map: (_key, { items }) => { textKeys(items as Pair<Node>[], refuse) },
    Scalar (key, scalar) {
      if (key !== 'key' && isNumberOrDate(scalar)) scalar.value = numberFrom(scalar, refuse)
    }
  })
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new CommandFailure('The file has too many aliases, or an alias without an anchor')
  }
}

function throwSyntaxError ({ errors, warnings }: Document): void {
  const [error] = [...errors, ...warnings]
  if (error === undefined) return
  const [start] = error.linePos ?? []
  throw new CommandFailure(`The file is not valid YAML: ${error.code}${start === undefined ? '' : ` at line ${start.line}, column ${start.col}`}`)
}

/** Throws an error with the node's line and column. */
type Refuse = (node: Node, message: string) => never

const isNumberOrDate = ({ value, type, tag, source = '' }: Scalar): boolean =>
  typeof value === 'number' || (type === 'PLAIN' && tag === undefined && numberOrDate.test(source))

function numberFrom (scalar: Scalar, refuse: Refuse): unknown {
  const { value, source = '' } = scalar
  if (typeof value === 'number' && jsonNumber.test(source)) return exactNumber(value, source)
  return refuse(scalar, 'JSON has no such number or date. Put it in quotes if it is text, or write a number as JSON does, such as 31 or 0.5')
}

/** Converts numeric keys to text, because JSON has no other keys: `8080: x` gets the key `8080`. */
function textKeys (pairs: readonly Pair<Node>[], refuse: Refuse): void {
  const names = new Set<unknown>()
  for (const { key } of pairs) {
    const name = isScalar(key) ? nameFrom(key, refuse) : refuse(key, 'A key must be text')
    if (names.has(name)) refuse(key, 'The same key occurs twice')
    names.add(name)
  }
}

function nameFrom (key: Scalar, refuse: Refuse): string {
  if (isNumberOrDate(key)) key.value = JSON.stringify(numberFrom(key, refuse))
  if (typeof key.value !== 'string') return refuse(key, 'A key must be text: put it in quotes')
  return key.value
}
