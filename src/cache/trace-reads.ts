import type { CacheStatus } from '#src/aws/caching'
import type { SecretsPort } from '#src/aws/port'
import { compact } from '#src/json/compact'
import { inSpan, type Attributes } from '#src/tracing/span'

type Read = SecretsPort['getSecretValue']

/** Gives each traced read through the cache a span of its own. A call to AWS that it makes is a part of that span. */
export function traceReads (read: Read): Read {
  return async (call, name, selector) => call.caching === undefined ? read(call, name, selector) : inSpan(call.span, 'read cache', async (span) => {
    const { caching } = call
    return read(compact({
      ...call,
      span,
      caching: caching && {
        ...caching,
        onStatus (status: CacheStatus) {
          span?.set(attributesOf(status))
          caching.onStatus(status)
        }
      }
    }), name, selector)
  })
}

/** Describes the source of an answer with the words of RFC 9211. `cache.age` is the age of a cached answer, in seconds. */
const attributesOf = ({ forwarded, collapsed, age, problem }: CacheStatus): Attributes => compact({
  'secrets_gateway.cache.hit': age !== undefined,
  'secrets_gateway.cache.age': age === undefined ? undefined : Math.floor(age / 1_000),
  'secrets_gateway.cache.forwarded': forwarded,
  'secrets_gateway.cache.collapsed': collapsed,
  'secrets_gateway.cache.stale_because': problem
})
