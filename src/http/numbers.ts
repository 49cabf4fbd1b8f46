import { pointerToken } from '#src/json/pointer'
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
 * Replaces each `RawJson` in a parsed body by an ordinary number, so that the body can be validated. There is one exception: the
 * schema may allow an object with any members, such as a secret's value. Such an object remains as it is, because the gateway
 * passes it on and must not change it.
 *
 * @throws Problem `invalid-request` if a replaced number would lose digits, or is beyond a double's range
 */
export function withNumbers (content: unknown, schema?: BodySchema, pointer = ''): unknown {
  if (JSON.isRawJSON(content)) return numberFrom(content.rawJSON, pointer)
  if (Array.isArray(content)) return content.map((item: unknown, index) => withNumbers(item, schema?.items, `${pointer}/${index}`))
  if (typeof content !== 'object' || content === null || isOpen(schema)) return content
  return Object.fromEntries(Object.entries(content).map(([name, member]: [string, unknown]) =>
    [name, withNumbers(member, memberSchema(schema, name), `${pointer}/${pointerToken(name)}`)]))
}

/** Returns true if the schema allows an object with any members. */
const isOpen = ({ type, properties, additionalProperties = true, anyOf = [] }: BodySchema = {}): boolean =>
  anyOf.some(isOpen) || ([type].flat().includes('object') && properties === undefined && additionalProperties === true)

function memberSchema ({ properties = {}, additionalProperties }: BodySchema = {}, name: string): BodySchema | undefined {
  if (Object.hasOwn(properties, name)) return properties[name]
  return typeof additionalProperties === 'object' ? additionalProperties : undefined
}

function numberFrom (text: string, pointer: string): number {
  const number = Number(text)
  if (decimal(text) === decimal(String(number))) return number
  const message = 'must not be a number that is beyond a double\'s range or precision (RFC 7493, section 2.2)'
  throw invalidRequest({ in: 'body', pointer, message })
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
