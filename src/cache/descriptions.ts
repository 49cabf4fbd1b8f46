import type { CacheStatus } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { cacheEffectOf, isSessionSpecific } from './failures.ts'
import { waitFor, type Fetch } from './flights.ts'
import { emptySecret, withDescription, withoutDescription, type Description } from './cached-secret.ts'
import type { Memory } from './memory.ts'
import { descriptionTtl, settlingTtl, type CacheOptions } from './settings.ts'
import type { Target } from './store.ts'
import { ownerOf, targetOf } from './targets.ts'

/**
 * Creates the function that describes secrets. It uses the cache if the call has `caching`. The body of AWS's reply is cached as
 * well, for calls in AWS's protocol. A description that has become stale is never used, even if AWS does not answer.
 *
 * @param port calls AWS
 */
export function createDescriber (
  port: Pick<SecretsPort, 'describeSecret'>, memory: Memory, options: CacheOptions
): SecretsPort['describeSecret'] {
  const { timesOf, hasSessions, sharesReads, monotonic } = options
  const { descriptionFlights: flights } = memory

  /** Returns a function that describes a secret through AWS, and caches the result. */
  const fetch = (name: SecretName, target: Target, ttl: number): Fetch<Description> => async (call, isCurrent) => {
    const since = monotonic()
    const isSettling = memory.settling.has(target.secret)
    let body = ''
    const verbatim: AwsCall['verbatim'] = { operation: 'DescribeSecret', inputFor: (own) => own, onReply (text) { body = text } }
    try {
      const metadata = await port.describeSecret({ ...call, verbatim }, name)
      const until = since + (isSettling ? settlingTtl : ttl)
      const description = { metadata, body, since, until, isSettling }
      if (isCurrent()) memory.store.set(target, withDescription(memory.store.get(target), description))
      return { metadata, body }
    } catch (error) {
      const effect = cacheEffectOf(error)
      // A denial concerns only the description. AWS's policies may still allow reads of the value.
      if (effect === 'refused') memory.store.set(target, withoutDescription(memory.store.get(target)))
      if (effect === 'absent') memory.store.set(target, emptySecret)
      throw error
    }
  }

  return async (call, name) => {
    const { caching } = call
    const ttl = Math.min(timesOf(call.environment).ttl, descriptionTtl)
    if (caching === undefined || ttl === 0) {
      caching?.onStatus({ forwarded: 'bypass' })
      return port.describeSecret(call, name)
    }
    const target = targetOf(call, name, ownerOf(call, sharesReads))

    /** Reports the description's source, and returns its metadata. */
    function answer ({ metadata, body }: Description, status: CacheStatus): SecretMetadata {
      caching?.onStatus(status)
      call.verbatim?.onReply(body)
      return { ...metadata, name }
    }

    /** Answers from the cache if its description is fresh. */
    function cached (): SecretMetadata | undefined {
      const { description } = memory.store.get(target)
      if (description === undefined) return undefined
      const age = monotonic() - description.since
      const fresh = description.isSettling ? settlingTtl : ttl
      return age < Math.min(fresh, caching?.maximumAge ?? Infinity) ? answer(description, { age, ttl: fresh - age }) : undefined
    }

    /** Describes the secret through AWS. If another caller's call is already in progress, waits for its answer. */
    async function forward (): Promise<SecretMetadata> {
      const forwarded = memory.store.get(target).description === undefined ? 'miss' : 'stale'
      const joined = flights.find(target.key)
      const flight = joined ?? flights.begin(target.secret, target.key, call, fetch(name, target, ttl))
      try {
        return answer(await waitFor(flight, call), { forwarded, ttl, ...joined !== undefined && { collapsed: true } })
      } catch (error) {
        caching?.onStatus({ forwarded })
        const isOthers = joined !== undefined && joined.callerId !== call.callerId && hasSessions(call.credentialId)
        if (isOthers && isSessionSpecific(error)) return port.describeSecret(call, name)
        throw error
      }
    }

    const kept = cached()
    if (kept !== undefined) return kept
    await call.beforeSending?.()
    // Another caller may have filled the cache in the meantime.
    return cached() ?? forward()
  }
}
