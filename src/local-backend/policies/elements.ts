import { visit } from 'jsonc-parser'
import { PolicyError } from './policy-error.ts'

/** Deeper than any policy is. */
const maximumDepth = 16

/** Reads a policy's JSON; throws PolicyError where it is none, or where an object has a member twice: which one counts? */
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
      if (open.at(-1)?.has(name)) throw new PolicyError(name, 'is there twice')
      open.at(-1)?.add(name)
    }
  })
  return value
}

/** The elements of an object; throws PolicyError if it is none, or has an element that is not among the known ones. */
export function elementsOf (element: string, value: unknown, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PolicyError(element, 'must be an object')
  const unknown = Object.keys(value).find((name) => known?.includes(name) === false)
  if (unknown !== undefined) throw new PolicyError(`${element}.${unknown}`, 'is not known')
  return Object.fromEntries(Object.entries(value))
}

/** The texts of an element that holds one or a list of them; throws PolicyError if it doesn't, or if there are none. */
export function textsOf (element: string, value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PolicyError(element, 'must not be empty')
  return values.map((text) => {
    if (typeof text !== 'string' || text === '') throw new PolicyError(element, 'must be a text or a list of texts')
    return text
  })
}
