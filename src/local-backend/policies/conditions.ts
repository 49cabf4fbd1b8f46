import { elementsOf } from './elements.ts'
import { operators, type Operator, type Test } from './operators.ts'
import type { ConditionContext } from './pattern.ts'
import { PolicyError } from './policy-error.ts'

const sets = ['ForAllValues', 'ForAnyValue'] as const

/** One condition key of a statement's `Condition`, with its operator and values. */
export interface Condition {
  /** The operator's name without `ForAllValues:`, `ForAnyValue:` and `IfExists`. `Null` counts as an operator. */
  operator: string
  /** The set operator, which determines how a key with several values is compared; undefined if the condition has none. */
  set: (typeof sets)[number] | undefined
  /** The condition key. It is in lower case, because condition keys are case-insensitive. */
  key: string
  /** True if the operator's name ends in `IfExists`. If so, a request without the key meets the condition. */
  ifExists: boolean
  /** The policy's values for the key, as strings. */
  texts: readonly string[]
  /**
   * Returns true if a request meets the condition. `values` are the request's values for the key, or undefined if there are none.
   */
  holds: (values: readonly string[] | undefined, context: ConditionContext) => boolean
}

const operatorName = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/
/** Matches AWS's condition keys and those of identity providers. A provider's keys start with its host and path. */
const conditionKey = /^[a-z0-9._~/-]+:.+$/i

/**
 * Parses a statement's `Condition`.
 *
 * @throws PolicyError if an operator, a key or a value is not part of AWS's policy language
 */
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
  const parts = { key: key.toLowerCase(), texts, operator, ifExists: ifExists !== undefined }
  if (name === 'Null') return { ...parts, set: undefined, holds: absence(path, texts) }
  const known = Object.hasOwn(operators, operator) ? operators[operator] : undefined
  if (known === undefined) throw new PolicyError(path, `has an unknown operator: ${name}`)
  const tests = texts.map((text) => {
    const test = known.read(text, variables)
    if (test === undefined) throw new PolicyError(path, `has an invalid value for ${operator}: ${text}`)
    return test
  })
  return { ...parts, set, holds: comparison(known, tests, set, parts.ifExists) }
}

/** Converts a condition's values to strings. Like AWS, accepts numbers and booleans, too. */
function scalarsOf (path: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PolicyError(path, 'must have a value')
  return values.map((scalar) => {
    if (!['string', 'number', 'boolean'].includes(typeof scalar)) throw new PolicyError(path, 'must be a string or a list of strings')
    return String(scalar)
  })
}

/**
 * Returns the test of the operator `Null`. If the policy's value is `true`, the request must lack the key. If it is `false`, the
 * request must have the key.
 */
function absence (path: string, texts: readonly string[]): Condition['holds'] {
  const wrong = texts.find((text) => !/^(?:true|false)$/i.test(text))
  if (wrong !== undefined) throw new PolicyError(path, `must be true or false, not ${wrong}`)
  const wanted = texts.map((text) => text.toLowerCase() === 'true')
  return (values) => wanted.includes(values === undefined)
}

/**
 * Returns the test of any operator other than `Null`. By default, at least one of the request's values for the key must pass. For
 * a negated operator, such as `StringNotEquals`, all of them must pass. A set operator, such as `ForAnyValue`, overrides this
 * default. A request that lacks the key meets the condition if the operator ends in `IfExists`, or if all values must pass.
 */
function comparison ({ negated }: Operator, tests: readonly Test[], set: Condition['set'], ifExists: boolean): Condition['holds'] {
  const needsAll = set === undefined ? negated : set === 'ForAllValues'
  return (values, context) => {
    if (values === undefined || values.length === 0) return ifExists || needsAll
    const passes = (value: string): boolean => tests.some((test) => test(value, context)) !== negated
    return needsAll ? values.every(passes) : values.some(passes)
  }
}
