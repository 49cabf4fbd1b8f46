import { timingSafeEqual } from 'node:crypto'
import { errors } from '#src/aws-protocol/errors'
import type { Secret } from '#src/local-backend/store/secrets'
import { openValue, type SecretValue, type Version } from '#src/local-backend/store/versions'
import { openDataKey, type KmsCaller } from './data-key.ts'

interface ValueInput {
  SecretString?: string
  SecretBinary?: Uint8Array
}

/**
 * Returns the value in a request, if there is one.
 *
 * @throws AwsError `InvalidParameterException` if the request contains both a string and a binary value
 */
export function valueIn ({ SecretString, SecretBinary }: ValueInput): SecretValue | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) throw errors.bothValues()
  if (SecretString !== undefined) return { member: 'SecretString', bytes: Buffer.from(SecretString) }
  return SecretBinary && { member: 'SecretBinary', bytes: SecretBinary }
}

/** Converts a value to its form in replies, which is text or base64. */
export function valueOutput ({ member, bytes }: SecretValue): { SecretString: string } | { SecretBinary: string } {
  return member === 'SecretString'
    ? { SecretString: Buffer.from(bytes).toString() }
    : { SecretBinary: Buffer.from(bytes).toString('base64') }
}

export function sameValue (one: SecretValue, other: SecretValue): boolean {
  return one.member === other.member && one.bytes.length === other.bytes.length && timingSafeEqual(one.bytes, other.bytes)
}

/**
 * Decrypts a version's value.
 *
 * @throws AwsError `DecryptionFailure` if the stored value doesn't belong to the version; the errors of `openDataKey`
 */
export function readValue (context: KmsCaller, secret: Secret, version: Version): SecretValue {
  const value = openValue(secret, openDataKey(context, secret, version.versionId), version)
  if (value === undefined) throw errors.decryptionFailure()
  return value
}
