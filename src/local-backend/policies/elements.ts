import { visit } from 'jsonc-parser'
import { PolicyError } from './policy-error.ts'

/** The maximum nesting depth of objects and arrays. No valid policy needs more. */
const maximumDepth = 16

/**
 * Parses a policy's JSON. Rejects duplicate members, because JSON doesn't define which of them applies.
 *
 * @throws PolicyError if the text isn't JSON, is nested too deeply, or has an object with duplicate members
 */
export function parseJson (text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new PolicyError('Policy', 'is not valid JSON')
  }
  const open: Set<string>[] = []
  const enter = (): void => {
    if (open.length === maximumDepth) throw new PolicyError('Policy', `is nested deeper than ${maximumDepth} levels`)
    open.push(new Set())
  }
  const leave = (): void => { open.pop() }
  visit(text, {
    onObjectBegin: enter,
    onObjectEnd: leave,
    onArrayBegin: enter,
    onArrayEnd: leave,
    onObjectProperty (name) {
      if (open.at(-1)?.has(name)) throw new PolicyError(name, 'occurs twice')
      open.at(-1)?.add(name)
    }
  })
  return value
}

/**
 * Returns the members of an object.
 *
 * @param known the names that are allowed; if omitted, any name is allowed
 * @throws PolicyError if the value isn't an object or has an unknown member
 */
export function elementsOf (element: string, value: unknown, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PolicyError(element, 'must be an object')
  const unknown = Object.keys(value).find((name) => known?.includes(name) === false)
  if (unknown !== undefined) throw new PolicyError(`${element}.${unknown}`, 'is unknown')
  return Object.fromEntries(Object.entries(value))
}

/**
 * Returns the strings in an element, whose value is one string or a list of strings.
 *
 * @throws PolicyError if the element contains anything else or is empty
 */
export function textsOf (element: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PolicyError(element, 'must not be empty')
  return values.map((text) => {
    if (typeof text !== 'string' || text === '') throw new PolicyError(element, 'must be a string or a list of strings')
    return text
  })
}
