import type { AwsCall } from '#src/aws/call'
import { getOrCreate } from '#src/collections/get-or-create'

/** A read in progress, for one or more callers. */
export interface Flight<Result> {
  /** The caller on whose behalf AWS is called. */
  readonly callerId: string | undefined
  readonly result: Promise<Result>
  /** The calls that wait for the result. */
  readonly calls: Set<AwsCall>
  /** Ends the read. */
  readonly end: (reason: Error) => void
  /** False once the result may be outdated. The result is then returned to the calls that wait for it, but is not cached. */
  readonly isCurrent: () => boolean
}

/** Reads from AWS. */
export type Fetch<Result> = (call: AwsCall, isCurrent: () => boolean) => Promise<Result>

/** The reads in progress. */
export interface Flights<Result> {
  /**
   * Begins a read.
   *
   * @param secret the name of the secret in AWS
   * @param key identifies the reads that can share the result; undefined if the result is not shared
   */
  begin: (secret: string, key: string | undefined, call: AwsCall, fetch: Fetch<Result>) => Flight<Result>
  /** Returns a read that can be joined, if there is one. */
  find: (key: string) => Flight<Result> | undefined
  /** Marks the reads of a secret as no longer current or, without a name, the reads of all secrets. */
  outdate: (secret?: string) => void
}

/** Creates an empty list of reads. */
export function createFlights<Result> (): Flights<Result> {
  const currentOf = new Map<string, Set<Flight<Result>>>()
  const shared = new Map<string, Flight<Result>>()

  function begin (secret: string, key: string | undefined, call: AwsCall, fetch: Fetch<Result>): Flight<Result> {
    const controller = new AbortController()
    const calls = new Set([call])
    const current = getOrCreate(currentOf, secret, () => new Set<Flight<Result>>())
    const { environment, credentialId, callerId, background, span } = call
    const result = fetch({
      environment,
      credentialId,
      ...callerId !== undefined && { callerId },
      ...background !== undefined && { background },
      ...span !== undefined && { span },
      signal: controller.signal,
      // All callers get the same problem, so it may name the credential only if all of them may see it.
      mayNameCredential: () => Array.from(calls).every(({ mayNameCredential }) => mayNameCredential?.() === true),
      onResponse (awsRequestId) { for (const { onResponse } of calls) onResponse?.(awsRequestId) }
    }, () => current.has(flight))
    const flight: Flight<Result> = {
      callerId,
      result,
      calls,
      isCurrent: () => current.has(flight),
      end (reason) {
        controller.abort(reason)
        leave()
      }
    }
    const leave = (): void => {
      current.delete(flight)
      if (current.size === 0 && currentOf.get(secret) === current) currentOf.delete(secret)
      if (key !== undefined && shared.get(key) === flight) shared.delete(key)
    }
    current.add(flight)
    if (key !== undefined) shared.set(key, flight)
    result.then(leave, leave)
    return flight
  }

  return {
    begin,
    find (key) {
      const flight = shared.get(key)
      return flight?.isCurrent() === true ? flight : undefined
    },
    outdate (secret) {
      for (const name of secret === undefined ? [...currentOf.keys()] : [secret]) {
        currentOf.get(name)?.clear()
        currentOf.delete(name)
      }
    }
  }
}

/**
 * Waits for the result of a read. A call whose owner leaves stops waiting. When no call is waiting, the read is ended.
 *
 * @throws Problem the problem of the read, or the reason why the owner left
 */
export async function waitFor<Result> (flight: Flight<Result>, call: AwsCall): Promise<Result> {
  const { signal } = call
  flight.calls.add(call)
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      const reason = signal?.reason as Error
      flight.calls.delete(call)
      if (flight.calls.size === 0) flight.end(reason)
      reject(reason)
    }
    if (signal?.aborted === true) {
      leave()
      return
    }
    signal?.addEventListener('abort', leave, { once: true })
    flight.result.finally(() => { signal?.removeEventListener('abort', leave) }).then(resolve, reject)
  })
}
