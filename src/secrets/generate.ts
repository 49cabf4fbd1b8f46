import { limits } from '#src/aws-model/limits'
import { isJsonObject } from '#src/json/lossless'
import { randomPassword, type GenerateOptions } from './random-password.ts'
import type { Scope } from './scope.ts'

/**
 * A value that AWS generates. If `into` is present, AWS generates only the member with that name, and `template` contains the
 * other members.
 */
export interface Generation extends GenerateOptions {
  readonly template?: Readonly<Record<string, unknown>>
}

type Report = (member: string, message: string) => void

/**
 * Checks that `generate` is compatible with `value` and `type`.
 *
 * @param report called for every error, with the member of the body that is wrong
 * @returns `generation`, and also `completed` if one member of an object is to be generated. `completed` is the object with the
 * longest possible member in that place. It has to pass the checks for values in requests, so that the generated value can't turn
 * out to be too long.
 */
export function checkGeneration (
  generate: GenerateOptions, { value, type }: { value?: unknown, type?: string }, report: Report
): { generation: Generation, completed?: Record<string, unknown> } {
  const { into, passwordLength = limits.passwordLength.default } = generate
  if (into === undefined) {
    if (value !== undefined) report('generate', 'must NOT be given together with value, unless it has into')
    if (type !== undefined && type !== 'text') report('type', 'must be text, since the value is generated; into generates one member of an object')
    return { generation: generate }
  }
  const template = value ?? {}
  if (!isJsonObject(template)) {
    report('value', 'must be an object, since generate adds a member to it')
    return { generation: generate }
  }
  if (into === '__proto__') report('generate/into', 'must NOT be __proto__')
  if (Object.hasOwn(template, into)) report('generate/into', 'must NOT be a member that value has already')
  // A quotation mark takes two characters in JSON, so this is the longest possible member.
  return { generation: { ...generate, template }, completed: { ...template, [into]: '"'.repeat(passwordLength) } }
}

/** Returns a value that AWS generates, as a whole or in part. @throws Problem for any AWS error */
export async function generateContent (scope: Scope, { template, into, ...options }: Generation): Promise<string> {
  const password = await randomPassword(scope, options)
  return into === undefined ? password : JSON.stringify({ ...template, [into]: password })
}
