import { elementsOf } from './elements.ts'
import { operators, type Operator, type Test } from './operators.ts'
import type { ConditionContext } from './pattern.ts'
import { PolicyError } from './policy-error.ts'

const sets = ['ForAllValues', 'ForAnyValue'] as const

/** One key of a statement's `Condition`, under its operator. */
export interface Condition {
  /** Without `ForAllValues:`, `ForAnyValue:` and `IfExists`; `Null` is one too. */
  operator: string
  /** How a key with several values is looked at. */
  set: (typeof sets)[number] | undefined
  /** In lower case: keys are compared without regard to case. */
  key: string
  /** Whether a request without the key passes in any case. */
  ifExists: boolean
  /** The policy's values. */
  texts: readonly string[]
  /** Whether a request's values for the key, or that it has none, fulfil the condition. */
  holds: (values: readonly string[] | undefined, context: ConditionContext) => boolean
}

const operatorName = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/
/** An identity provider's keys begin with its host and path. */
const conditionKey = /^[a-z0-9._~/-]+:.+$/i

/** Reads a statement's `Condition`; throws PolicyError where an operator, a key or a value is none of AWS's language. */
export function readConditions (element: string, value: unknown, variables: boolean): Condition[] {
  return Object.entries(elementsOf(element, value)).flatMap(([operator, keys]) => {
    const path = `${element}.${operator}`
    const entries = Object.entries(elementsOf(path, keys))
    if (entries.length === 0) throw new PolicyError(path, 'must have a condition key')
    return entries.map(([key, values]) => readCondition(`${path}.${key}`, operator, key, values, variables))
  })
}

function readCondition (path: string, name: string, key: string, values: unknown, variables: boolean): Condition {
  const [, prefix, operator = '', ifExists] = operatorName.exec(name) ?? []
  const set = sets.find((one) => one === prefix)
  if (!conditionKey.test(key)) throw new PolicyError(path, 'is not a condition key')
  const texts = scalarsOf(path, values)
  const asked = { key: key.toLowerCase(), texts, operator, ifExists: ifExists !== undefined }
  if (name === 'Null') return { ...asked, set: undefined, holds: absence(path, texts) }
  const known = Object.hasOwn(operators, operator) ? operators[operator] : undefined
  if (known === undefined) throw new PolicyError(path, `has an unknown operator: ${name}`)
  const tests = texts.map((text) => {
    const test = known.read(text, variables)
    if (test === undefined) throw new PolicyError(path, `has a value that is none of ${operator}: ${text}`)
    return test
  })
  return { ...asked, set, holds: comparison(known, tests, set, asked.ifExists) }
}

/** Values are texts; numbers and booleans are taken for their texts, as AWS takes them. */
function scalarsOf (path: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PolicyError(path, 'must have a value')
  return values.map((scalar) => {
    if (!['string', 'number', 'boolean'].includes(typeof scalar)) throw new PolicyError(path, 'must be a text or a list of texts')
    return String(scalar)
  })
}

/** `Null`: whether a request lacks the key (`true`) or has it (`false`). */
function absence (path: string, texts: readonly string[]): Condition['holds'] {
  const wrong = texts.find((text) => !/^(?:true|false)$/i.test(text))
  if (wrong !== undefined) throw new PolicyError(path, `must be true or false, not ${wrong}`)
  const wanted = texts.map((text) => text.toLowerCase() === 'true')
  return (values) => wanted.includes(values === undefined)
}

/**
 * A key that the request lacks fails a condition, but for a negated one: what isn't there differs from anything. Of a key with
 * several values one must pass, or all of a negated condition, unless the policy says which it wants.
 */
function comparison ({ negated }: Operator, tests: readonly Test[], set: Condition['set'], ifExists: boolean): Condition['holds'] {
  const needsAll = set === undefined ? negated : set === 'ForAllValues'
  return (values, context) => {
    if (values === undefined || values.length === 0) return ifExists || needsAll
    const passes = (value: string): boolean => tests.some((test) => test(value, context)) !== negated
    return needsAll ? values.every(passes) : values.some(passes)
  }
}
