import { requestQuotas } from '#src/aws-model/limits'
import { getOrCreate } from '#src/collections/get-or-create'
import { callOf } from './call.ts'
import { problemFrom } from './exception-rules.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'
import type { SecretsManager } from './types.ts'

/** The token bucket of each operation. Operations that share a quota share a bucket. */
export type RateLimiter = (operation: string) => TokenBucket

/** The rate limiter of each credential and region: AWS counts calls per account and region. */
export type RateLimiters = (credentialId: string, region: string) => RateLimiter

/**
 * Creates the rate limiters of this process, which outlive requests and configurations.
 *
 * @param share the fraction of AWS's quotas that the process may use
 */
export function createRateLimiters (share: () => number): RateLimiters {
  const rateLimiters = new Map<string, RateLimiter>()
  return (credentialId, region) => getOrCreate(rateLimiters, `${credentialId} ${region}`, () => createRateLimiter(share))
}

const lowestQuota = Math.min(...requestQuotas.map(({ perSecond }) => perSecond))

function createRateLimiter (share: () => number): RateLimiter {
  const buckets = new Map(requestQuotas.flatMap(({ perSecond, operations }) => {
    const bucket = createTokenBucket(() => perSecond * share())
    return operations.map((operation) => [operation as string, bucket])
  }))
  // For operations that are newer than the quotas known here.
  const other = createTokenBucket(() => lowestQuota * share())
  return (operation) => buckets.get(operation) ?? other
}

/** Attempts of a background call before the SDK sees the throttling. Each waits for a token again. */
const maximumAttempts = 20

/** The part of the SDK's handler context that the middleware uses. */
interface Context {
  commandName?: string
}

/**
 * Limits the rate of a client's calls: every attempt waits for a token, and throttling by AWS slows the bucket down. A throttled
 * background call is repeated here, since nobody waits for any single one of them.
 */
export function limitRate ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>, rateLimiter: RateLimiter): void {
  const limited = <Args extends { input: object }, Result>(next: (args: Args) => Promise<Result>, { commandName = '' }: Context) => {
    const bucket = rateLimiter(commandName.replace(/Command$/, ''))
    return async (args: Args): Promise<Result> => {
      const { background, signal } = callOf(args) ?? {}
      for (let attempts = 1; ; attempts++) {
        await bucket.take(background !== undefined)
        signal?.throwIfAborted()
        try {
          return await next(args)
        } catch (error) {
          if (!isThrottling(error)) throw error
          bucket.slowDown()
          if (background === undefined || background.aborted || attempts === maximumAttempts) throw error
        }
      }
    }
  }
  // Inside the SDK's retries, and before signing: a signature would grow old during the wait.
  middlewareStack.addRelativeTo(limited, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'rateLimit' })
}

const isThrottling = (error: unknown): boolean =>
  error instanceof Error && problemFrom(error, { operation: '', credentialId: '' }).code === 'aws-throttled'
