import type { Shape } from '#src/aws-model/shapes'
import type { Scalar } from './scalars.ts'

interface Constraint {
  text: string
  holds: boolean
}

/** Checks a value against a shape's constraints. Returns the violated constraints in AWS's wording. */
export function brokenConstraints (shape: Shape, value: Scalar | readonly unknown[]): string[] {
  return constraints(shape, value).filter(({ holds }) => !holds).map(({ text }) => text)
}

/** Returns all constraints of a shape, in the wording and the order that AWS uses for the members of a list. */
export function allConstraints (shape: Shape): string[] {
  return constraints(shape, '').map(({ text }) => text)
}

function constraints (shape: Shape, value: Scalar | readonly unknown[]): Constraint[] {
  const found: Constraint[] = []
  const measure = measureOf(shape, value)
  const what = shape.type === 'integer' || shape.type === 'long' ? 'value' : 'length'
  if ('max' in shape) {
    found.push({ text: `Member must have ${what} less than or equal to ${shape.max}`, holds: measure <= shape.max })
  }
  if ('min' in shape) {
    found.push({ text: `Member must have ${what} greater than or equal to ${shape.min}`, holds: measure >= shape.min })
  }
  if (shape.type !== 'string') return found
  const text = String(value)
  if (shape.pattern !== undefined) {
    found.push({ text: `Member must satisfy regular expression pattern: ${shape.pattern}`, holds: wholePattern(shape.pattern).test(text) })
  }
  if (shape.enum !== undefined) {
    found.push({ text: `Member must satisfy enum value set: [${shape.enum.join(', ')}]`, holds: shape.enum.includes(text) })
  }
  return found
}

/**
 * Measures a value in the unit of its shape's limits: the characters or bytes of a string, the bytes of a blob, the members of a
 * list, or the number itself.
 */
function measureOf (shape: Shape, value: Scalar | readonly unknown[]): number {
  if (typeof value === 'string') return shape.type === 'string' && shape.bytes ? Buffer.byteLength(value) : Array.from(value).length
  return typeof value === 'object' ? value.length : Number(value)
}

/** Returns a regular expression that matches only whole strings, as in AWS, even if the pattern isn't anchored. */
function wholePattern (pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`)
}
