import { createBuilder } from './builder.ts'
import { StructureError, type Path, type Rule } from './structure-error.ts'
import { character, endOfScalar, endOfShortInteger, endOfString, skipSpace } from './tokens.ts'

/**
 * The limits of a document: the depth of nesting, the number of items or members in each list or object, and the total number of
 * values.
 */
export interface Bounds {
  readonly depth: number
  readonly items: number
  readonly values: number
}

/** A number whose text JavaScript would change. */
export interface SpelledNumber {
  readonly path: Path
  /** The number's text. */
  readonly text: string
}

/** A list or an object whose end has not been reached. */
interface Container {
  readonly isObject: boolean
  items: number
  /** The name of the current member. */
  name: string
  /** All names so far. An object with many members also has a set of names, which is faster to search. */
  readonly names: string[]
  index: Set<string> | undefined
}

/** The number of names up to which searching a list is faster than searching a set. */
const fewNames = 12

/** The value of a JSON text, and the numbers whose text JavaScript would change, in their order in the text. */
export interface Parsed {
  readonly content: unknown
  readonly spelled: readonly SpelledNumber[]
}

/** The number of characters between two points at which `parseStructure` can be suspended, unless a string is longer. */
const defaultPieceLength = 32 * 1024

/** Returns the first position of `searched` at or after `start`, or Infinity if there is none. */
function positionOf (searched: string, text: string, start: number): number {
  const position = text.indexOf(searched, start)
  return position < 0 ? Infinity : position
}

/**
 * Parses JSON in one pass. Refuses texts that `JSON.parse` accepts, but that different programs understand differently. Does not
 * recurse, so that deep nesting can't overflow the stack. Yields after each piece of the text, so that other work can run in
 * between.
 *
 * @param text a well-formed string. Only its escape sequences may contain unpaired surrogates.
 * @throws StructureError
 */
export function* parseStructure (
  text: string, bounds: Bounds, pieceLength = defaultPieceLength
): Generator<undefined, Parsed> {
  const builder = createBuilder(text, pieceLength)
  const open: Container[] = []
  const spelled: SpelledNumber[] = []
  /** The innermost list or object that has not been closed. */
  let current: Container | undefined
  let values = 0
  /** The position of the next backslash. A string that ends before it has no escape sequence. */
  let nextBackslash = positionOf('\\', text, 0)
  let nextPause = pieceLength
  let position = skipSpace(text, 0)

  const pathOf = (containers: readonly Container[]): Path =>
    containers.map(({ isObject, name, items }) => isObject ? name : items - 1)
  const pathOfParent = (): Path => pathOf(open.slice(0, -1))
  const wrong = (rule: Rule, path: Path = []): StructureError => new StructureError(rule, path, position)

  /** Returns true if the text between the current position and `end` contains a backslash. */
  const hasEscape = (end: number): boolean => {
    if (nextBackslash < position) nextBackslash = positionOf('\\', text, position)
    return nextBackslash < end
  }

  /** Reads the name of a member and the colon after it. */
  const readName = (object: Container): void => {
    builder.begin(position)
    const end = text.charCodeAt(position) === character.quote ? endOfString(text, position) : -1
    if (end < 0) throw wrong('syntax')
    const written = text.slice(position + 1, end - 1)
    const name = hasEscape(end) ? JSON.parse(`"${written}"`) as string : written
    if (object.index?.has(name) ?? object.names.includes(name)) throw wrong('duplicate', [...pathOfParent(), name])
    if (name === '__proto__') throw wrong('proto', pathOfParent())
    if (!name.isWellFormed()) throw wrong('surrogate-in-name', pathOfParent())
    object.name = name
    object.names.push(name)
    object.index?.add(name)
    if (object.names.length === fewNames) object.index = new Set(object.names)
    position = skipSpace(text, end)
    if (text.charCodeAt(position) !== character.colon) throw wrong('syntax')
    position = skipSpace(text, position + 1)
  }

  /** Reads a value that is neither a list nor an object. */
  const readScalar = (code: number): void => {
    if (code === character.quote) {
      const end = endOfString(text, position)
      if (end < 0) throw wrong('syntax')
      if (hasEscape(end) && !(JSON.parse(text.slice(position, end)) as string).isWellFormed()) throw wrong('surrogate', pathOf(open))
      position = end
      return
    }
    const integerEnd = endOfShortInteger(text, position)
    const end = integerEnd < 0 ? endOfScalar(text, position) : integerEnd
    if (end < 0) throw wrong('syntax')
    if (integerEnd < 0 && code <= character.nine) {
      const number = text.slice(position, end)
      if (String(Number(number)) !== number) spelled.push({ path: pathOf(open), text: number })
    }
    position = end
  }

  /** Counts a value. If it is a list or an object, opens it. Returns true if a value inside has to be read next. */
  const readValue = (): boolean => {
    const code = text.charCodeAt(position)
    const isObject = code === character.openObject
    values += 1
    if (values > bounds.values) throw wrong('values')
    if (current !== undefined && ++current.items > bounds.items) throw wrong('items', pathOfParent())
    if (current?.isObject === false) builder.begin(position)
    if (!isObject && code !== character.openArray) {
      readScalar(code)
      return false
    }
    if (open.length === bounds.depth) throw wrong('depth', pathOf(open))
    current = { isObject, items: 0, name: '', names: [], index: undefined }
    open.push(current)
    builder.open(isObject)
    position = skipSpace(text, position + 1)
    if (text.charCodeAt(position) === (isObject ? character.closeObject : character.closeArray)) return false
    if (isObject) readName(current)
    return true
  }

  /** Closes the lists and objects that end here. Returns true if another value follows, or false at the end of the text. */
  const readSeparator = (): boolean => {
    while (current !== undefined) {
      builder.end(position)
      position = skipSpace(text, position)
      const code = text.charCodeAt(position)
      if (code === character.comma) {
        position = skipSpace(text, position + 1)
        if (current.isObject) readName(current)
        return true
      }
      if (code !== (current.isObject ? character.closeObject : character.closeArray)) throw wrong('syntax')
      open.pop()
      current = open.at(-1)
      position += 1
      builder.close()
    }
    position = skipSpace(text, position)
    if (position < text.length) throw wrong('syntax')
    return false
  }

  while (readValue() || readSeparator()) {
    if (position < nextPause) continue
    nextPause = position + pieceLength
    yield
  }
  return { content: builder.result(), spelled }
}
