import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import type { ProblemCode } from '#src/problems/catalogue'
import { toAwsName } from './names.ts'

/** How a read uses the cache. */
export interface Caching {
  /** The greatest age of a kept answer that the caller accepts, in milliseconds. 0 means that AWS is asked in any case. */
  readonly maximumAge?: number
  /** Called before AWS is asked although the gateway keeps values, because the caller demands it. May throw a `Problem`. */
  readonly onRefresh?: () => void
  /** Called once, before the read ends, with where its result comes from. */
  readonly onStatus: (status: CacheStatus) => void
}

/** Where the result of a read comes from. */
export interface CacheStatus {
  /** Why AWS was asked, in the words of RFC 9211. Absent if it was not asked. */
  readonly forwarded?: 'bypass' | 'miss' | 'request' | 'stale'
  /** True if AWS was asked once for this read and for others. */
  readonly collapsed?: true
  /** The age of a kept answer, in milliseconds. Absent if the answer comes from AWS. */
  readonly age?: number
  /** The time for which the answer may still be used, in milliseconds. It is negative if the answer is used after its time. */
  readonly ttl?: number
  /** The problem because of which a kept answer is used after its time. */
  readonly problem?: ProblemCode
}

/** Returns the name in AWS of the secret that a call is about. It is the same for all credentials and in all regions. */
export const secretOf = ({ environment }: { environment: Environment }, name: SecretName): string => toAwsName(environment, name)
