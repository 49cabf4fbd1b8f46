import { timingSafeEqual } from 'node:crypto'
import { errors } from '../protocol/errors.ts'
import { type SecretValue } from '../store/versions.ts'

interface ValueInput {
  SecretString?: string
  SecretBinary?: Uint8Array
}

/** The value in a request, if there is one; throws InvalidParameterException if there are two. */
export function valueIn ({ SecretString, SecretBinary }: ValueInput): SecretValue | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) throw errors.bothValues()
  if (SecretString !== undefined) return { member: 'SecretString', bytes: Buffer.from(SecretString) }
  return SecretBinary && { member: 'SecretBinary', bytes: SecretBinary }
}

/** A value as a response holds it: text, or base64. */
export function valueOut ({ member, bytes }: SecretValue): { SecretString: string } | { SecretBinary: string } {
  return member === 'SecretString'
    ? { SecretString: Buffer.from(bytes).toString() }
    : { SecretBinary: Buffer.from(bytes).toString('base64') }
}

export function sameValue (one: SecretValue, other: SecretValue): boolean {
  return one.member === other.member && one.bytes.length === other.bytes.length && timingSafeEqual(one.bytes, other.bytes)
}
