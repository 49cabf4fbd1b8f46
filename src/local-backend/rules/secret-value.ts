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
 * @throws AwsError `InvalidParameterException` if there are two
 */
export function valueIn ({ SecretString, SecretBinary }: ValueInput): SecretValue | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) throw errors.bothValues()
  if (SecretString !== undefined) return { member: 'SecretString', bytes: Buffer.from(SecretString) }
  return SecretBinary && { member: 'SecretBinary', bytes: SecretBinary }
}

/** Returns a value in its form in replies: as text or in base64. */
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
 * @throws AwsError `AccessDeniedException`, `InvalidRequestException` or `DecryptionFailure`, as `openDataKey` does
 */
export function readValue (context: KmsCaller, secret: Secret, version: Version): SecretValue {
  const value = openValue(secret, openDataKey(context, secret, version.versionId), version)
  if (value === undefined) throw errors.decryptionFailure()
  return value
}
