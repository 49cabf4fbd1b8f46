import type { EndedCall } from '#src/aws/ended-calls'
import { expose } from './exposition.ts'
import { createCounter, createHistogram, type Declaration, type Family } from './families.ts'

export interface EndedRequest {
  /** The route's `operationId`, or `none` if no route matches. */
  readonly operation: string
  readonly status: number
  /** The environment in the path, or an empty string if there is none or the caller may not see it. */
  readonly environment: string
  /** The time from the first header to the end of the reply. */
  readonly seconds: number
}

/** The source of the answer to a read. `hit` and `stale` are answers from the cache. All others come from AWS. */
export type CacheResult = 'hit' | 'stale' | 'miss' | 'expired' | 'request' | 'bypass' | 'collapsed'

/** The current value of a gauge, with its labels. */
interface Reading<Labels extends readonly string[]> {
  readonly labels: Readonly<Record<Labels[number], string>>
  readonly value: number
}

/** The gateway's metrics about itself. None of them names a secret or a caller. */
export interface Metrics {
  readonly requestEnded: (request: EndedRequest) => void
  readonly callEnded: (call: EndedCall) => void
  /** Counts an attempt at a call that AWS has throttled. */
  readonly throttled: (operation: string, credential: string) => void
  /** @param age the age of an answer from memory, in seconds */
  readonly cacheAnswered: (environment: string, result: CacheResult, age?: number) => void
  /** Counts the calls to AWS that were saved by reading several secrets with one call. */
  readonly callsShared: (saved: number) => void
  /** Adds metrics. Their samples are collected at each scrape. */
  readonly add: (families: readonly Family[]) => void
  /** Adds a gauge. `read` is called at each scrape. */
  readonly gauge: <const Labels extends readonly string[]>(
    declaration: Declaration<Labels>, read: () => Iterable<Reading<Labels>>
  ) => void
  /** Returns all metrics in Prometheus's text format. */
  readonly text: () => string
}

/** The price of a call to AWS, in dollars. Source: https://aws.amazon.com/secrets-manager/pricing/, as of November 2026. */
const pricePerCall = 0.05 / 10_000

/**
 * The upper bounds of the buckets for durations, in seconds. They range from the duration of a cached read to the longest
 * deadline.
 */
const times = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The upper bounds of the buckets for ages, in seconds. */
const ages = [1, 10, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400]

/** Creates the gateway's metrics. */
export function createMetrics (): Metrics {
  const requests = createCounter({
    name: 'secrets_gateway_requests_total', help: 'Requests that have ended.', labels: ['operation', 'status', 'environment']
  })
  const requestTimes = createHistogram({
    name: 'secrets_gateway_request_duration_seconds', help: 'Time from the headers of a request to the end of its reply.', labels: ['operation']
  }, times)
  const calls = createCounter({
    name: 'secrets_gateway_aws_calls_total', help: 'Calls to AWS that have ended.', labels: ['operation', 'credential', 'region', 'result']
  })
  const callTimes = createHistogram({
    name: 'secrets_gateway_aws_call_duration_seconds', help: 'Duration of a call to AWS, including all attempts and waits.', labels: ['operation', 'credential']
  }, times)
  const throttles = createCounter({
    name: 'secrets_gateway_aws_throttled_total', help: 'Attempts that AWS throttled.', labels: ['operation', 'credential']
  })
  const reads = createCounter({
    name: 'secrets_gateway_cache_reads_total', help: 'Reads of values and descriptions, by the source of the answer.', labels: ['environment', 'result']
  })
  const hitAges = createHistogram({
    name: 'secrets_gateway_cache_age_seconds', help: 'Age of the values and descriptions that were read from the cache.', labels: ['environment']
  }, ages)
  let saved = 0
  const families: Family[] = [
    requests, requestTimes, calls, callTimes, throttles, reads, hitAges,
    {
      name: 'secrets_gateway_aws_calls_saved_total',
      help: 'Calls to AWS that were saved by the cache, by shared reads and by reads of several secrets at once.',
      type: 'counter',
      samples: () => [{ labels: {}, value: saved }]
    },
    {
      name: 'secrets_gateway_aws_dollars_saved_total',
      help: 'Price of the saved calls, at 0.05 US dollars per 10,000 calls.',
      type: 'counter',
      samples: () => [{ labels: {}, value: saved * pricePerCall }]
    }
  ]

  return {
    requestEnded ({ operation, status, environment, seconds }) {
      requests.add([operation, String(status), environment])
      requestTimes.observe([operation], seconds)
    },
    callEnded ({ operation, credential, region, result, seconds }) {
      calls.add([operation, credential, region, result])
      callTimes.observe([operation, credential], seconds)
    },
    throttled (operation, credential) { throttles.add([operation, credential]) },
    cacheAnswered (environment, result, age) {
      reads.add([environment, result])
      if (age !== undefined) hitAges.observe([environment], age)
      if (age !== undefined || result === 'collapsed') saved += 1
    },
    callsShared (calls) { saved += calls },
    add (added) { for (const family of added) families.push(family) },
    gauge ({ name, help }, read) { families.push({ name, help, type: 'gauge', samples: read }) },
    text: () => expose(families)
  }
}
