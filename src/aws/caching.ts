import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import type { ProblemCode } from '#src/problems/catalogue'
import { fromAwsName, toAwsName } from './names.ts'

/** The rules for a read that may be answered from the cache. */
export interface Caching {
  /** The maximum age, in milliseconds, of a cached answer that the caller accepts. With 0, AWS is always called. */
  readonly maximumAge?: number
  /** Called when the caller demands AWS's own answer, before AWS is called. May throw a `Problem`. */
  readonly onRefresh?: () => Promise<undefined> | undefined
  /** Called once, before the read ends, with the source of its result. */
  readonly onStatus: (status: CacheStatus) => void
}

/** The source of a read's result: the cache or AWS. */
export interface CacheStatus {
  /** The reason why AWS was called, as a value that RFC 9211 defines. Absent if AWS was not called. */
  readonly forwarded?: 'bypass' | 'miss' | 'request' | 'stale'
  /** True if one call to AWS served this read and others. */
  readonly collapsed?: true
  /** The age of a cached answer, in milliseconds. Absent if the answer comes from AWS. */
  readonly age?: number
  /** The remaining time to live of the answer, in milliseconds. Negative for a stale answer. */
  readonly ttl?: number
  /** The problem that made the gateway use a stale answer. */
  readonly problem?: ProblemCode
}

/** Returns a secret's name in AWS, which is the same for all credentials and in all regions. */
export const secretOf = ({ environment }: { environment: Environment }, name: SecretName): string => toAwsName(environment, name)

/**
 * Returns a secret's name in an environment. Returns undefined if the secret belongs to another environment, or if no path can
 * contain its name.
 */
export const secretNameOf = ({ environment }: { environment: Environment }, secret: string): SecretName | undefined =>
  fromAwsName(environment, secret)
