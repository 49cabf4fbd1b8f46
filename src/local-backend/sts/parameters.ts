import type { NumberShape, StringShape } from '#src/aws-model/shapes'
import { brokenConstraints } from '#src/aws-protocol/constraints'
import { stsErrors } from './errors.ts'
import { operations, type OperationShape, type StsInput, type StsOperation } from './model.ts'

const version = '2011-06-15'

/** A request of the Query protocol. */
export interface Query {
  action: StsOperation
  parameters: URLSearchParams
}

const isOperation = (name: string): name is StsOperation => Object.hasOwn(operations, name)

/** Reads the body of a form; throws MalformedQueryString or InvalidAction. */
export function readQuery (body: Uint8Array): Query {
  const parameters = new URLSearchParams(Buffer.from(body).toString())
  // Which of two would count?
  if (new Set(parameters.keys()).size < parameters.size) throw stsErrors.malformedQuery()
  const action = parameters.get('Action') ?? 'null'
  const asked = parameters.get('Version') ?? 'null'
  if (!isOperation(action) || asked !== version) throw stsErrors.unknownAction(action, asked)
  return { action, parameters }
}

/** Reads the parameters of an operation by the table of AWS's model; throws ValidationError with all that is wrong. */
export function readParameters<Name extends StsOperation> (action: Name, parameters: URLSearchParams): StsInput<Name> {
  const { members, required, refused }: OperationShape = operations[action]
  const names = new Set(Array.from(parameters.keys(), (key) => key.split('.')[0] ?? ''))
  const notOffered = refused.find((name) => names.has(name))
  if (notOffered !== undefined) throw stsErrors.notOffered(notOffered)

  const input: Record<string, string | number> = {}
  const mistakes: string[] = []
  for (const [name, shape] of Object.entries(members)) {
    const text = parameters.get(name)
    if (text !== null) input[name] = shape.type === 'string' ? text : Number(text)
    if (text !== null || required.includes(name)) mistakes.push(...mistakesIn(name, shape, text))
  }
  if (mistakes.length > 0) throw stsErrors.validation(mistakes.length, mistakes)
  // The type is derived from the very table that the parameters were just read with; the compiler can't follow the walk.
  return input as StsInput<Name>
}

function mistakesIn (name: string, shape: StringShape | NumberShape, text: string | null): string[] {
  const path = name.charAt(0).toLowerCase() + name.slice(1)
  const failed = (shown: string, constraint: string) => `Value${shown} at '${path}' failed to satisfy constraint: ${constraint}`
  if (text === null) return [failed(' null', 'Member must not be null')]
  const shown = 'sensitive' in shape ? '' : ` '${text}'`
  if (shape.type === 'string') return brokenConstraints(shape, text).map((constraint) => failed(shown, constraint))
  if (!/^-?\d{1,15}$/.test(text)) return [failed(shown, 'Member must be an integer')]
  return brokenConstraints(shape, Number(text)).map((constraint) => failed(shown, constraint))
}
