import { timingSafeEqual } from 'node:crypto'
import { errors } from '../protocol/errors.ts'
import { dataKeyOf, type Secret } from '../store/secrets.ts'
import { openValue, type SecretValue, type Version } from '../store/versions.ts'
import type { OperationContext } from './context.ts'

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

/** The key that a secret's values are sealed with; throws DecryptionFailure if it can't be opened. */
export function openDataKey ({ store, scope }: OperationContext, secret: Secret): Uint8Array {
  const key = dataKeyOf(store, scope, secret)
  if (key === undefined) throw errors.decryptionFailure()
  return key
}

/** A version's value; throws DecryptionFailure if it can't be opened. */
export function readValue (context: OperationContext, secret: Secret, version: Version): SecretValue {
  const value = openValue(secret, openDataKey(context, secret), version)
  if (value === undefined) throw errors.decryptionFailure()
  return value
}
