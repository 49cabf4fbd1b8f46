import { operations, shapes, type ListShape, type Operation, type Shape, type StructureShape } from '../../aws-model.ts'
import { allConstraints, brokenConstraints } from './constraints.ts'
import { errors } from './errors.ts'
import { type Input } from './input.ts'
import { cannotConvert, scalars, type Scalar } from './scalars.ts'

const named: Readonly<Record<string, Shape>> = shapes

/**
 * Reads the parsed body of a request as the input of an operation, by the table of AWS's model. Members that the model doesn't
 * know are ignored, as AWS ignores them.
 *
 * Throws SerializationException where a JSON type is wrong, and otherwise one ValidationException with all that is wrong.
 */
export function validateInput<Name extends Operation> (operation: Name, body: unknown): Input<Name> {
  const found: string[] = []
  const input = readStructure(operations[operation], body, '', found)
  if (found.length > 0) throw errors.validation(found)
  // The type is derived from the very table that the value was just read with; the compiler can't follow the walk.
  return input as Input<Name>
}

function read (name: string, value: unknown, path: string, found: string[]): unknown {
  const shape = named[name]
  /* c8 ignore next: the table's own test holds that every name in it is defined */
  if (shape === undefined) throw new Error(`The model has no shape ${name}`)
  if (shape.type === 'structure') return readStructure(shape, value, `${path}.`, found)
  if (shape.type === 'list') return readList(shape, value, path, found)
  const scalar = scalars[shape.type](value)
  report(found, quoted(shape, scalar), path, brokenConstraints(shape, scalar))
  return scalar
}

function readStructure (shape: StructureShape, value: unknown, prefix: string, found: string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw cannotConvert(value, 'a structure')
  const given = new Map(Object.entries(value).filter(([, member]) => member !== null))
  const members: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(shape.members)) {
    const path = prefix + key.charAt(0).toLowerCase() + key.slice(1)
    if (given.has(key)) members[key] = read(member, given.get(key), path, found)
    else if (shape.required?.includes(key)) report(found, ' null', path, ['Member must not be null'])
  }
  return members
}

function readList (shape: ListShape, value: unknown, path: string, found: string[]): unknown[] {
  if (!Array.isArray(value)) throw errors.serialization('Expected a list')
  const ofMembers: string[] = []
  const members = value.map((member: unknown, index) => read(shape.member, member, `${path}.${index + 1}.member`, ofMembers))
  report(found, '', path, brokenConstraints(shape, members))
  const member = named[shape.member]
  if (member?.type === 'string' && ofMembers.length > 0) {
    // AWS names a list of texts as a whole, with all that each of them must be.
    report(found, ` '[${members.join(', ')}]'`, path, [`Member must satisfy constraint: [${allConstraints(member).join(', ')}]`])
  } else {
    found.push(...ofMembers)
  }
  return members
}

function report (found: string[], value: string, path: string, broken: readonly string[]): void {
  found.push(...broken.map((constraint) => `Value${value} at '${path}' failed to satisfy constraint: ${constraint}`))
}

function quoted (shape: Shape, value: Scalar): string {
  return 'sensitive' in shape ? '' : ` '${String(value)}'`
}
