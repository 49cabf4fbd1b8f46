import { requestQuotas } from '#src/aws-model/limits'
import { getOrCreate } from '#src/collections/get-or-create'
import { callOf } from './call.ts'
import { problemFrom } from './exception-rules.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'
import type { SecretsManager } from './types.ts'

/** Returns the token bucket for an operation. Operations that share a quota share a bucket. */
export type RateLimiter = (operation: string) => TokenBucket

/**
 * Returns the rate limiter for a credential and region. Each pair has its own, because AWS's quotas are per account and region,
 * and the credential determines the account.
 */
export type RateLimiters = (credentialId: string, region: string) => RateLimiter

/**
 * Creates the rate limiters of this process. They outlive requests and configuration reloads.
 *
 * @param share returns the fraction of AWS's quotas that the process may use
 */
export function createRateLimiters (share: () => number): RateLimiters {
  const rateLimiters = new Map<string, RateLimiter>()
  return (credentialId, region) => getOrCreate(rateLimiters, `${credentialId} ${region}`, () => createRateLimiter(share))
}

// eslint-disable-next-line no-restricted-syntax -- a short table
const lowestQuota = Math.min(...requestQuotas.map(({ perSecond }) => perSecond))

function createRateLimiter (share: () => number): RateLimiter {
  const buckets = new Map(requestQuotas.flatMap(({ perSecond, operations }) => {
    const bucket = createTokenBucket(() => perSecond * share())
    return operations.map((operation) => [operation as string, bucket])
  }))
  // The bucket for operations whose quota is not known here, such as new ones.
  const other = createTokenBucket(() => lowestQuota * share())
  return (operation) => buckets.get(operation) ?? other
}

/**
 * The maximum number of times that the middleware sends a background call that AWS keeps throttling. Then it passes the error on
 * to the SDK's retry loop.
 */
const maximumAttempts = 20

/** The part of the SDK's handler context that the middleware uses. */
interface Context {
  commandName?: string
}

/**
 * Limits the rate of a client's calls. Every attempt waits for a token, and throttling by AWS slows the bucket down. A throttled
 * background call is retried here more often than the SDK would retry it. This delays the call, which is acceptable because
 * nobody is waiting for its result alone.
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
  // Runs inside the SDK's retry loop, so that retries wait, too. Runs before signing, because a signature could expire during the
  // wait.
  middlewareStack.addRelativeTo(limited, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'rateLimit' })
}

const isThrottling = (error: unknown): boolean =>
  error instanceof Error && problemFrom(error, { operation: '', credentialId: '' }).code === 'aws-throttled'
