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

/**
 * Parses a form body.
 *
 * @throws StsError `MalformedQueryString` or `InvalidAction`
 */
export function readQuery (body: Uint8Array): Query {
  const parameters = new URLSearchParams(Buffer.from(body).toString())
  // Rejects duplicate parameters, because it would be unclear which value to use.
  if (new Set(parameters.keys()).size < parameters.size) throw stsErrors.malformedQuery()
  const action = parameters.get('Action') ?? 'null'
  const requestedVersion = parameters.get('Version') ?? 'null'
  if (!isOperation(action) || requestedVersion !== version) throw stsErrors.unknownAction(action, requestedVersion)
  return { action, parameters }
}

/**
 * Validates an operation's parameters against the constraints of AWS's model.
 *
 * @throws StsError `ValidationError`, which either names a parameter that this STS does not support or lists all violations
 */
export function readParameters<Name extends StsOperation> (action: Name, parameters: URLSearchParams): StsInput<Name> {
  const { members, required, refused }: OperationShape = operations[action]
  const names = new Set(Array.from(parameters.keys(), (key) => key.split('.')[0] ?? ''))
  const notSupported = refused.find((name) => names.has(name))
  if (notSupported !== undefined) throw stsErrors.notSupported(notSupported)

  const input: Record<string, string | number> = {}
  const violations: string[] = []
  for (const [name, shape] of Object.entries(members)) {
    const text = parameters.get(name)
    if (text !== null) input[name] = shape.type === 'string' ? text : Number(text)
    const isChecked = text !== null || required.includes(name)
    for (const violation of isChecked ? violationsIn(name, shape, text) : []) violations.push(violation)
  }
  if (violations.length > 0) throw stsErrors.validation(violations.length, violations)
  // The input was validated against the table from which its type is derived. The compiler can't infer that it has this type.
  return input as StsInput<Name>
}

function violationsIn (name: string, shape: StringShape | NumberShape, text: string | null): string[] {
  const path = name.charAt(0).toLowerCase() + name.slice(1)
  const failed = (shown: string, constraint: string) => `Value${shown} at '${path}' failed to satisfy constraint: ${constraint}`
  if (text === null) return [failed(' null', 'Member must not be null')]
  const shown = 'sensitive' in shape ? '' : ` '${text}'`
  if (shape.type === 'string') return brokenConstraints(shape, text).map((constraint) => failed(shown, constraint))
  if (!/^-?\d{1,15}$/.test(text)) return [failed(shown, 'Member must be an integer')]
  return brokenConstraints(shape, Number(text)).map((constraint) => failed(shown, constraint))
}
