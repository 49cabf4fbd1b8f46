import type { TokenBucket } from '#src/admission/token-bucket'
import { requestQuotas } from '#src/aws-model/limits'

// eslint-disable-next-line no-restricted-syntax -- a short table
const lowestQuota = Math.min(...requestQuotas.map(({ perSecond }) => perSecond))

/** Creates a token bucket. @param quota returns the quota, in calls per second @param name the operations that share it */
export type CreateBucket = (quota: () => number, name: string) => TokenBucket

/**
 * Creates the token buckets for AWS's request quotas of one account and region.
 *
 * @param share returns the fraction of the quotas that this process, or the replicas together, may use
 * @returns a function that returns the bucket of an operation. Operations that share a quota share a bucket.
 */
export function quotaBuckets (share: () => number, create: CreateBucket): (operation: string) => TokenBucket {
  const buckets = new Map(requestQuotas.flatMap(({ perSecond, operations }) => {
    const bucket = create(() => perSecond * share(), operations.join(' '))
    return operations.map((operation) => [operation as string, bucket])
  }))
  // The bucket for operations that have no known quota, such as new ones.
  const other = create(() => lowestQuota * share(), 'other')
  return (operation) => buckets.get(operation) ?? other
}
