import { setImmediate as nextIteration } from 'node:timers/promises'
import type { Test } from 'tap'
import type { CacheStatus, Caching } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort, VersionSelector } from '#src/aws/port'
import type { ReadSecret, SecretMetadata } from '#src/aws/secret'
import { createCache, type Cache } from '#src/cache/cached-port'
import type { CacheOptions, Times } from '#src/cache/settings'
import { isSecretName, type SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { build, type Gateway } from '#test/helper'

/** Delays a read from AWS, or makes it fail. */
type Plan = (call: AwsCall) => Promise<void> | undefined

/** The outcome of a read. */
export interface Outcome {
  secret?: ReadSecret
  problem?: Problem
  status?: CacheStatus
}

/** The outcome of a DescribeSecret call, and the body of AWS's reply. */
export interface Described {
  metadata?: SecretMetadata
  body?: string
  problem?: Problem
  status?: CacheStatus
}

/** A cache in front of the port to the embedded backend, with a clock that moves only on demand. */
export interface CacheScene {
  gateway: Gateway
  cache: Cache
  call: AwsCall
  read: (options?: { name?: string, call?: Partial<AwsCall>, selector?: VersionSelector, maximumAge?: number }) => Promise<Outcome>
  describe: (options?: { name?: string, call?: Partial<AwsCall>, maximumAge?: number }) => Promise<Described>
  /** The calls that described a secret in AWS so far. */
  descriptions: AwsCall[]
  /** The calls that read one secret from AWS so far. */
  reads: AwsCall[]
  /** The calls that read several secrets, and the names of these secrets. */
  batches: { call: AwsCall, names: readonly string[] }[]
  /** Determines the effect on reads from AWS from now on. By default, they are carried out. */
  plan: (next: Plan) => void
  passes: (milliseconds: number) => void
  now: () => number
  times: { -readonly [K in keyof Times]: Times[K] }
  /** Waits until no read from AWS is in progress. */
  settles: () => Promise<void>
}

export function nameOf (text: string): SecretName {
  if (!isSecretName(text)) throw new TypeError(text)
  return text
}

/** The problem with which a read fails if AWS does not answer. */
export const outage = (): Problem =>
  new Problem('aws-unavailable', { failure: { operation: 'GetSecretValue', cause: 'failed', effect: 'only-read' } })

export async function cacheScene (t: Test, options: Partial<CacheOptions> = {}): Promise<CacheScene> {
  const gateway = await build(t)
  const { aws: port, config } = gateway.fastify
  const environment = config.current.environments.get('dev')
  if (environment === undefined) throw new TypeError('There is no environment')
  const call: AwsCall = { environment, credentialId: 'dev-account', callerId: 'alice' }
  const times = { ttl: 300_000, staleIfError: 0 }
  const reads: AwsCall[] = []
  const batches: CacheScene['batches'] = []
  const descriptions: AwsCall[] = []
  const pending = new Set<Promise<unknown>>()
  let clock = 0
  let plan: Plan = () => undefined
  async function planned<Result> (own: AwsCall, ask: (call: AwsCall) => Promise<Result>): Promise<Result> {
    // Without `caching`, the gateway's own port does not use its cache.
    const { caching, ...uncached } = own
    const result = (plan(own) ?? Promise.resolve()).then(async () => ask(uncached))
    pending.add(result)
    const ended = (): void => { pending.delete(result) }
    result.then(ended, ended)
    return result
  }
  const getSecretValue: SecretsPort['getSecretValue'] = async (own, name, selector) => {
    reads.push(own)
    return planned(own, async (uncached) => port.getSecretValue(uncached, name, selector))
  }
  const batchGetSecretValue: SecretsPort['batchGetSecretValue'] = async (own, request) => {
    batches.push({ call: own, names: request.names })
    return planned(own, async (uncached) => port.batchGetSecretValue(uncached, request))
  }
  const describeSecret: SecretsPort['describeSecret'] = async (own, name) => {
    descriptions.push(own)
    return planned(own, async (uncached) => port.describeSecret(uncached, name))
  }
  const cache = createCache({ ...port, getSecretValue, batchGetSecretValue, describeSecret }, {
    timesOf: () => times,
    hasSessions: () => false,
    sharesReads: () => true,
    maximumBytes: 1_048_576,
    monotonic: () => clock,
    random: () => 0,
    schedule: () => () => undefined,
    after (_milliseconds, callback) {
      const immediate = setImmediate(callback)
      return () => { clearImmediate(immediate) }
    },
    ...options
  })
  return {
    gateway,
    cache,
    call,
    reads,
    batches,
    descriptions,
    async describe ({ name = 'a', call: own = {}, maximumAge } = {}) {
      const found: Described = {}
      const caching: Caching = { onStatus (status) { found.status = status }, ...maximumAge !== undefined && { maximumAge } }
      const verbatim: AwsCall['verbatim'] = { operation: 'DescribeSecret', inputFor: (input) => input, onReply (body) { found.body = body } }
      try {
        found.metadata = await cache.port.describeSecret({ ...call, caching, verbatim, ...own }, nameOf(name))
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem
        found.problem = problem
      }
      return found
    },
    times,
    async read ({ name = 'a', call: own = {}, selector = {}, maximumAge } = {}) {
      let status: CacheStatus | undefined
      const caching: Caching = { onStatus (found) { status = found }, ...maximumAge !== undefined && { maximumAge } }
      const known = (): object => status === undefined ? {} : { status }
      return cache.port.getSecretValue({ ...call, caching, ...own }, nameOf(name), selector)
        .then((secret) => ({ secret, ...known() }), (problem: unknown) => {
          if (!(problem instanceof Problem)) throw problem
          return { problem, ...known() }
        })
    },
    plan (next) { plan = next },
    passes (milliseconds) { clock += milliseconds },
    now: () => clock,
    async settles () {
      do {
        // A renewal is sent in the next iteration of the event loop, at the latest.
        for (let iteration = 0; iteration < 2; iteration++) await nextIteration()
        await Promise.allSettled(pending)
      } while (pending.size > 0)
      await nextIteration()
    }
  }
}
