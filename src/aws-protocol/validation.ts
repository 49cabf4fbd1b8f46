import { newerOperations, newerShapes, type NewerOperation } from '#src/aws-model/newer'
import type { ListShape, Shape, StructureShape } from '#src/aws-model/shapes'
import { allConstraints, brokenConstraints } from './constraints.ts'
import { errors } from './errors.ts'
import type { Input } from './input.ts'
import { cannotConvert, scalars, type Scalar } from './scalars.ts'

/**
 * The violations found in an input. A request can contain tens of thousands of them, so only the first ones are kept as texts.
 * The rest are only counted.
 */
interface Findings {
  count: number
  texts: string[]
}

const maxReported = 10
/** An error message quotes at most this many characters of an invalid value. */
const maxQuoted = 1000

const named: Readonly<Record<string, Shape>> = newerShapes

/**
 * Validates a request's parsed body against AWS's model, and returns it as the operation's input. As in AWS, members that the
 * model doesn't contain are ignored.
 *
 * @throws AwsError `SerializationException` if a JSON value has the wrong type, or one `ValidationException` that counts all
 * violations and describes the first ones
 */
export function validateInput<Name extends NewerOperation> (operation: Name, body: unknown): Input<Name> {
  const found = noFindings()
  const input = readStructure(newerOperations[operation], body, '', found)
  if (found.count > 0) throw errors.validation(found.count, found.texts)
  // The type is derived from the table that the body was validated against, but the compiler can't infer that.
  return input as Input<Name>
}

function shapeOf (name: string): Shape {
  const shape = named[name]
  /* c8 ignore next: the table's own test checks that every name in it is defined */
  if (shape === undefined) throw new Error(`The model has no shape ${name}`)
  return shape
}

function read (name: string, value: unknown, path: string, found: Findings): unknown {
  const shape = shapeOf(name)
  if (shape.type === 'structure') return readStructure(shape, value, `${path}.`, found)
  if (shape.type === 'list') return readList(shape, value, path, found)
  const scalar = scalars[shape.type](value)
  report(found, quoted(shape, scalar), path, brokenConstraints(shape, scalar))
  return scalar
}

function readStructure (shape: StructureShape, value: unknown, prefix: string, found: Findings): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw cannotConvert(value, 'a structure')
  const given = new Map(Object.entries(value).filter(([, member]) => member !== null))
  const members: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(shape.members)) {
    const path = prefix + memberName(key)
    if (given.has(key)) members[key] = read(member, given.get(key), path, found)
    else if (shape.required?.includes(key)) report(found, ' null', path, ['Member must not be null'])
  }
  return members
}

function readList (shape: ListShape, value: unknown, path: string, found: Findings): unknown[] {
  if (!Array.isArray(value)) throw errors.serialization('Expected a list')
  const ofMembers = noFindings()
  const members = value.map((member: unknown, index) => read(shape.member, member, `${path}.${index + 1}.member`, ofMembers))
  const member = shapeOf(shape.member)
  const broken = brokenConstraints(shape, members)
  if (broken.length > 0) report(found, quote(listText(shape, members)), path, broken)
  if (member.type === 'string' && ofMembers.count > 0) {
    // For an invalid member of a list of strings, AWS quotes the whole list and names all constraints on its members.
    report(found, quote(listText(shape, members)), path, [`Member must satisfy constraint: [${allConstraints(member).join(', ')}]`])
  } else {
    add(found, ofMembers.count, ofMembers.texts)
  }
  return members
}

/**
 * Returns a list as Java prints it, which is how AWS quotes lists: `[a, b]`, and `[Filter(key=name, values=[a])]` for structures.
 * Structures are written as other AWS services write them, because no message of Secrets Manager with a structure is known.
 */
function listText ({ member }: ListShape, values: readonly unknown[]): string {
  return `[${values.map((value) => javaText(member, value)).join(', ')}]`
}

function javaText (name: string, value: unknown): string {
  const shape = shapeOf(name)
  if (value === undefined) return 'null'
  if (shape.type === 'list') return listText(shape, value as readonly unknown[])
  if (shape.type !== 'structure') {
    const scalar = value as Scalar
    return String(scalar)
  }
  const given = value as Readonly<Record<string, unknown>>
  const members = Object.entries(shape.members).map(([key, member]) => `${memberName(key)}=${javaText(member, given[key])}`)
  return `${name}(${members.join(', ')})`
}

/** Returns a member's name as AWS's messages spell it. */
function memberName (key: string): string {
  return key.charAt(0).toLowerCase() + key.slice(1)
}

function noFindings (): Findings {
  return { count: 0, texts: [] }
}

function add (found: Findings, count: number, texts: readonly string[]): void {
  found.count += count
  for (const text of texts.slice(0, maxReported - found.texts.length)) found.texts.push(text)
}

function report (found: Findings, value: string, path: string, broken: readonly string[]): void {
  add(found, broken.length, broken.map((constraint) => `Value${value} at '${path}' failed to satisfy constraint: ${constraint}`))
}

function quoted (shape: Shape, value: Scalar): string {
  return 'sensitive' in shape ? '' : quote(String(value))
}

function quote (text: string): string {
  return ` '${text.length > maxQuoted ? `${text.slice(0, maxQuoted)}…` : text}'`
}
