import { Agent, request as send } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { headersOf, pathOf, secrets, type EnvironmentName } from './setting.ts'

/** The quiet caller's results: the duration of each read in milliseconds, and how often each status occurred. */
export interface Seen {
  readonly times: number[]
  readonly statuses: Map<string, number>
}

const perSecond = 80

/** The maximum wait, at the end of a measurement, for the reads that are still in progress, in milliseconds. */
const lastReads = 12_000

const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })

/**
 * Reads a value at a constant rate, whether or not the earlier reads have ended. The duration of a read is measured from the time
 * at which it was due, so it includes the time for which the gateway was blocked.
 */
export async function readQuietly (url: string, environment: EnvironmentName, seconds: number): Promise<Seen> {
  const seen: Seen = { times: [], statuses: new Map() }
  const count = Math.round(seconds * perSecond)
  const began = performance.now()
  const reads: Promise<void>[] = []
  for (let index = 0; index < count; index++) {
    const due = began + index * 1_000 / perSecond
    await delay(Math.max(0, due - performance.now()))
    reads.push(readOnce(url + pathOf(secrets.quiet, environment)).then((status) => {
      seen.times.push(performance.now() - due)
      seen.statuses.set(status, (seen.statuses.get(status) ?? 0) + 1)
    }))
  }
  await Promise.all(reads)
  return seen
}

async function readOnce (url: string): Promise<string> {
  return new Promise((resolve) => {
    send(url, { agent, headers: headersOf('quiet'), signal: AbortSignal.timeout(lastReads) }, (reply) => {
      reply
        .on('error', () => { resolve('cut off') })
        .on('end', () => { resolve(String(reply.statusCode)) })
        .resume()
    }).on('error', () => { resolve('no reply') }).end()
  })
}
