import { pointerTo } from '#src/json/pointer'
import { parseStructure, type Bounds } from '#src/json/structure'
import { StructureError, type Rule } from '#src/json/structure-error'
import { invalidRequest, Problem } from '#src/problems/problem'
import { beginTurn } from '#src/scheduling/turns'
import { keepNumber, type BodySchema } from './numbers.ts'

/** The maximum number of values in a body, at all depths together. */
export const maximumValues = 250_000

/**
 * The limits of a body. The depth suffices for any legitimate document, and can't overflow the stack of a validator or
 * serializer. The number of items in a list or object is one more than any route accepts, so a list with one item too many still
 * reaches the schema, whose error message is more specific.
 */
const usualBounds: Bounds = { depth: 64, items: 10_001, values: maximumValues }

/** Bodies of at most this many bytes are parsed at once. Longer bodies wait for their turn. */
const shortBody = 16 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

interface ParseOptions {
  readonly bounds?: Partial<Omit<Bounds, 'depth'>>
  readonly isGone?: () => boolean
}

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
 * If the body is long, lets other work run in between.
 *
 * @param schema the body's schema. Where it allows an object with any members, the object may contain any number, which keeps its
 * text.
 * @param options.bounds lower limits than usual, for a route that accepts less
 * @param options.isGone returns true if the caller has disconnected, so that nobody needs the result
 * @throws Problem `caller-gone`
 * @throws Problem `invalid-request`. It contains the line and column of a syntax error, or a JSON pointer to any other mistake.
 * Its message never quotes the text.
 */
export async function parseJson (body: Uint8Array, schema?: BodySchema, { bounds, isGone }: ParseOptions = {}): Promise<unknown> {
  const turn = beginTurn()
  const nextTurn = async (): Promise<void> => {
    await turn.next()
    if (isGone?.() === true) throw new Problem('caller-gone')
  }
  const takeTurns = async (): Promise<void> => { if (turn.isOver()) await nextTurn() }
  // A long body waits for a turn before its first piece, too. Otherwise the first pieces of many long bodies could be parsed in
  // the same iteration of the event loop.
  if (body.length > shortBody) await nextTurn()
  const text = decode(body)
  const structure = parseStructure(text, { ...usualBounds, ...bounds })
  let step = nextStep(structure, text)
  while (step.done !== true) {
    await takeTurns()
    step = nextStep(structure, text)
  }
  await takeTurns()
  const { content, spelled } = step.value
  for (const number of spelled) {
    await takeTurns()
    keepNumber(content, number, schema)
  }
  return content
}

function decode (body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw invalidBody('must be UTF-8')
  }
}

type Structure = ReturnType<typeof parseStructure>

/** Parses the next piece of the text. @throws Problem `invalid-request` */
function nextStep (structure: Structure, text: string): ReturnType<Structure['next']> {
  try {
    return structure.next()
  } catch (error) {
    if (!(error instanceof StructureError)) throw error
    const { rule, path, position } = error
    throw invalidBody(rule === 'syntax' ? `must be JSON; there is a syntax error at ${placeOf(text, position)}` : messages[rule], pointerTo(path))
  }
}

const messages: Readonly<Record<Exclude<Rule, 'syntax'>, string>> = {
  depth: `must not nest deeper than ${usualBounds.depth} levels`,
  items: 'must not have so many values',
  values: 'must not have so many values',
  duplicate: 'must not be twice in one object',
  proto: 'must not have a member named __proto__',
  surrogate: 'must not have an unpaired surrogate',
  'surrogate-in-name': 'must not have an unpaired surrogate in a member\'s name'
}

const invalidBody = (message: string, pointer = ''): Problem => invalidRequest({ in: 'body', pointer, message })

/** Returns the line and the column of a position in a text. */
function placeOf (text: string, position: number): string {
  let [line, start] = [1, 0]
  for (const { index, 0: { length } } of text.slice(0, position).matchAll(/\r\n?|\n/g)) {
    line += 1
    start = index + length
  }
  return `line ${line}, column ${position - start + 1}`
}
