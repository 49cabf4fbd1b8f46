import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cacheUse } from '#src/audit/cache-use'
import type { CacheStatus, Caching } from '#src/aws/caching'
import { compact } from '#src/json/compact'
import type { CacheResult } from '#src/metrics/metrics'

/** The headers of a reply that may come from the cache. */
export const CacheHeaders = {
  'Cache-Status': { type: 'string', description: 'Where the value comes from (RFC 9211), such as `secrets-gateway; hit; ttl=287`' },
  Age: { type: 'string', description: 'The age in seconds of a value that comes from the cache' }
}

/** The parameter of the query string with which a request demands AWS's own answer. */
export const RefreshQuery = {
  refresh: Type.Optional(Type.Boolean({
    description: '`true`: read from AWS, even what is cached. `Cache-Control: no-cache` does the same'
  }))
}

/** The header that limits the age of the cached values that a request accepts. */
export const CacheControlHeader = {
  'cache-control': Type.Optional(Type.String({
    description: '`no-cache`: ask AWS. `max-age=SECONDS`: ask AWS if the cached value is older'
  }))
}

/**
 * Returns how a request uses the cache. The source of its result is stated in the reply's headers and in its audit record. If the
 * request reads several secrets, the result counts as cached only if all of the answers came from the cache, and has the age of
 * the oldest one. Its time to live is always the shortest of all. A request that refreshes counts once, however many secrets it
 * reads.
 *
 * @param maximumAge the maximum age, in milliseconds, of a cached value that the caller accepts
 */
export function cachingOf (request: FastifyRequest, reply: FastifyReply, maximumAge: number | undefined): Caching {
  let overall: CacheStatus | undefined
  let refresh: { readonly counted: Promise<undefined> | undefined } | undefined
  return compact({
    maximumAge,
    onRefresh: maximumAge === 0
      ? () => (refresh ??= { counted: request.server.limits.refresh(request, reply) }).counted
      : undefined,
    onStatus (status: CacheStatus) {
      request.server.metrics.cacheAnswered(request.environment.name, resultOf(status), secondsOf(status))
      const before = overall
      overall = before === undefined ? status : combined(before, status)
      if (overall === before) return
      reply.header('cache-status', cacheStatus(overall))
      const age = secondsOf(overall)
      if (age === undefined) reply.removeHeader('age')
      else reply.header('age', String(age))
      request.reportOutcome({ age, cache: cacheUse(overall) })
    }
  })
}

/** Returns the source of a result that consists of two answers. Returns the first one's if the second one changes nothing. */
function combined (first: CacheStatus, second: CacheStatus): CacheStatus {
  const [source, other] = rankOf(first) >= rankOf(second) ? [first, second] : [second, first]
  const { ttl } = other
  return ttl === undefined || source.ttl === undefined || source.ttl <= ttl ? source : { ...source, ttl }
}

/** Ranks the sources of answers by age: an older cached answer ranks higher, and an answer from AWS highest. */
const rankOf = ({ age = Infinity }: CacheStatus): number => age

/** Returns the maximum age, in milliseconds, that the `Cache-Control` of a request accepts (RFC 9111, section 5.2.1). */
export function maximumAgeIn (cacheControl: string | undefined): number | undefined {
  if (cacheControl === undefined) return undefined
  let least: number | undefined
  for (const directive of cacheControl.toLowerCase().split(',')) {
    const [found, seconds = '0'] = /^(?:no-cache|no-store|max-age=(\d{1,9}))$/.exec(directive.trim()) ?? []
    if (found !== undefined) least = Math.min(least ?? Infinity, Number(seconds) * 1_000)
  }
  return least
}

/** Returns the source of the answer as a single word, for the metrics. */
function resultOf (status: CacheStatus): CacheResult {
  const { collapsed, forwarded = 'miss' } = status
  const use = cacheUse(status)
  if (use !== undefined) return use
  if (collapsed === true) return 'collapsed'
  return forwarded === 'stale' ? 'expired' : forwarded
}

/** Returns the `Cache-Status` of a reply (RFC 9211). */
function cacheStatus ({ forwarded, collapsed, ttl, problem }: CacheStatus): string {
  return [
    'secrets-gateway',
    forwarded === undefined ? 'hit' : `fwd=${forwarded}`,
    ...ttl === undefined ? [] : [`ttl=${wholeSeconds(ttl)}`],
    ...collapsed === true ? ['collapsed'] : [],
    ...problem === undefined ? [] : [`detail=${problem}`]
  ].join('; ')
}

const secondsOf = ({ age }: CacheStatus): number | undefined => age === undefined ? undefined : wholeSeconds(age)

const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000)
