import type { Monotonic } from '#src/clock'
import { createTokenBucket, type TokenBucket } from '#src/admission/token-bucket'
import { requestQuotas } from '#src/aws-model/limits'

// eslint-disable-next-line no-restricted-syntax -- a short table
const lowestQuota = Math.min(...requestQuotas.map(({ perSecond }) => perSecond))

/**
 * Creates the token buckets for AWS's request quotas of one account and region.
 *
 * @param share returns the fraction of the quotas that this process may use
 * @param monotonic measures spans of time
 * @returns a function that returns the bucket of an operation. Operations that share a quota share a bucket.
 */
export function quotaBuckets (share: () => number, monotonic: Monotonic): (operation: string) => TokenBucket {
  const buckets = new Map(requestQuotas.flatMap(({ perSecond, operations }) => {
    const bucket = createTokenBucket(() => perSecond * share(), monotonic)
    return operations.map((operation) => [operation as string, bucket])
  }))
  // The bucket for operations that have no known quota, such as new ones.
  const other = createTokenBucket(() => lowestQuota * share(), monotonic)
  return (operation) => buckets.get(operation) ?? other
}
