import { getOrCreate } from '#src/collections/get-or-create'
import { isJsonObject } from '#src/json/lossless'
import { pointerTo } from '#src/json/pointer'
import type { SpelledNumber } from '#src/json/structure'
import type { Path } from '#src/json/structure-error'
import { invalidRequest } from '#src/problems/problem'

/** The parts of a JSON schema that determine where a body contains numbers. */
export interface BodySchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, BodySchema>>
  readonly additionalProperties?: boolean | BodySchema
  readonly items?: BodySchema
  readonly anyOf?: readonly BodySchema[]
}

/**
 * Checks a number in a parsed body whose text JavaScript would write differently. Usually the number that `JSON.parse` returned
 * stays. But if the schema allows an object with any members there, such as a secret's value, a `RawJson` replaces the number,
 * because the gateway must pass such an object on unchanged.
 *
 * @throws Problem `invalid-request` if an ordinary number has lost digits, or is beyond a double's range
 */
export function keepNumber (content: unknown, { path, text }: SpelledNumber, schema?: BodySchema): void {
  let container = content
  let within = schema
  let isKept = false
  for (const part of path.slice(0, -1)) {
    isKept ||= isJsonObject(container) && isOpen(within)
    within = memberSchema(within, part)
    container = memberOf(container, part)
  }
  isKept ||= path.length > 0 && isJsonObject(container) && isOpen(within)
  if (!isKept) checkNumber(text, path)
  else Reflect.set(container as object, path.at(-1) ?? '', JSON.rawJSON(text))
}

const memberOf = (container: unknown, part: string | number): unknown => (container as Record<string | number, unknown>)[part]

/**
 * Remembers for each schema whether it allows an object with any members. Without this, a body with a hundred thousand numbers
 * would be slow.
 */
const openSchemas = new WeakMap<BodySchema, boolean>()

/** Returns true if the schema allows an object with any members. */
const isOpen = (schema: BodySchema = {}): boolean => getOrCreate(openSchemas, schema, () => {
  const { type, properties, additionalProperties = true, anyOf = [] } = schema
  return anyOf.some((one) => isOpen(one)) || ([type].flat().includes('object') && properties === undefined && additionalProperties === true)
})

function memberSchema (schema: BodySchema = {}, part: string | number): BodySchema | undefined {
  const { properties = {}, additionalProperties, items } = schema
  if (typeof part === 'number') return items
  if (Object.hasOwn(properties, part)) return properties[part]
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

/** Matches decimal fractions with at most 15 digits and no exponent. A double keeps all of these digits. */
const shortDecimal = /^(?=.{3,16}$)-?\d+\.\d+$/

function checkNumber (text: string, path: Path): void {
  if (shortDecimal.test(text) || decimal(text) === decimal(String(Number(text)))) return
  const message = 'must not be a number that is beyond a double\'s range or precision (RFC 7493, section 2.2)'
  throw invalidRequest({ in: 'body', pointer: pointerTo(path), message })
}

/** Normalizes a number's text to its significant digits and a power of ten, so that `1.0`, `10e-1` and `1` are equal. */
function decimal (number: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? [number]
  const digits = (whole + fraction).replace(/^0+/, '')
  // A regular expression would take quadratic time for a long row of zeros that is not at the end.
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  const significant = digits.slice(0, end)
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`
}
