import type { CacheStatus } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import { compact } from '#src/json/compact'
import { inSpan, type Attributes } from '#src/tracing/span'

/** A read through the cache. */
export type Read<Rest extends unknown[], Result> = (call: AwsCall, ...rest: Rest) => Promise<Result>

/** Gives a traced read its own span, which is the parent of the spans of the read's calls to AWS. */
export const traceRead = <Rest extends unknown[], Result>(
  read: Read<Rest, Result>
): Read<Rest, Result> => async (call, ...rest) => {
  const { caching } = call
  if (caching === undefined) return read(call, ...rest)
  return inSpan(call.span, 'read cache', async (span) => read(compact({
    ...call,
    span,
    caching: {
      ...caching,
      onStatus (status: CacheStatus) {
        span?.set(attributesOf(status))
        caching.onStatus(status)
      }
    }
  }), ...rest))
}

/** Describes the source of an answer with the words of RFC 9211. `cache.age` is the age of a cached answer, in seconds. */
const attributesOf = ({ forwarded, collapsed, age, problem }: CacheStatus): Attributes => compact({
  'secrets_gateway.cache.hit': age !== undefined,
  'secrets_gateway.cache.age': age === undefined ? undefined : Math.floor(age / 1_000),
  'secrets_gateway.cache.forwarded': forwarded,
  'secrets_gateway.cache.collapsed': collapsed,
  'secrets_gateway.cache.stale_because': problem
})
