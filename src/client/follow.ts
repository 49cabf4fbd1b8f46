import { setTimeout } from 'node:timers/promises'
import type { GatewayClient } from './gateway-client.ts'
import { GatewayProblem, GatewayUnreachable } from './problems.ts'

/** A secret, and the ID of its current version. */
export interface SecretChange {
  name: string
  /** The ID of the current version; undefined if the secret can no longer be read. */
  versionId?: string
}

export interface FollowOptions {
  /** Follows the secrets whose names begin with this prefix. */
  namePrefix?: string
  /** Follows the secrets with these names. Without `names` and `namePrefix`, the whole environment is followed. */
  names?: readonly string[]
  /** Ends the iteration when it is aborted. */
  signal?: AbortSignal
  /** The time in milliseconds after which a silent connection counts as broken. The gateway sends something every 15 seconds. */
  longestSilence?: number
}

/** The pauses before reconnecting, in milliseconds. They are random, so that clients don't all reconnect at once. */
const pauses = { first: 500, longest: 30_000 }

/**
 * Yields the current versions of secrets, and then each change as soon as the gateway notices it. Changes that arrive together
 * are yielded as one list. Reconnects if the connection breaks or the gateway is unavailable. Ends only when `signal` is aborted.
 *
 * @throws GatewayProblem if the gateway refuses the stream, for example because the caller may not see the secrets
 *
 * @example
 * // Waits for changes of a secret.
 * for await (const changes of followSecrets(gateway, 'prod', { names: ['payments/db'] })) {
 *   for (const { name, versionId } of changes) {
 *     if (versionId !== undefined) await reconnectWith(await readJson(gateway, 'prod', name))
 *   }
 * }
 */
export async function* followSecrets (
  gateway: GatewayClient, env: string, options: FollowOptions = {}
): AsyncGenerator<readonly SecretChange[], undefined> {
  const { signal } = options
  const position: Position = {}
  let failures = 0
  for (;;) {
    let retryAfter = 0
    try {
      for await (const changes of streamOnce(gateway, env, options, position)) {
        failures = 0
        yield changes
      }
    } catch (error) {
      if (signal?.aborted !== true && !isTemporary(error)) throw error
      failures += 1
      if (error instanceof GatewayProblem) retryAfter = 1_000 * (error.retryAfter ?? 0)
    }
    const pause = Math.max(retryAfter, Math.random() * Math.min(pauses.longest, pauses.first * 2 ** failures))
    await setTimeout(pause, undefined, { ...signal !== undefined && { signal } }).catch(() => undefined)
    if (signal?.aborted === true) return
  }
}

/** The state of the stream across connections. */
interface Position {
  lastEventId?: string
}

/** Yields the changes of one connection. */
async function* streamOnce (
  gateway: GatewayClient, env: string, { namePrefix, names, signal, longestSilence = 45_000 }: FollowOptions, position: Position
): AsyncGenerator<readonly SecretChange[]> {
  const silence = new AbortController()
  const timer = globalThis.setTimeout(() => { silence.abort(new GatewayUnreachable('The gateway has stopped sending')) }, longestSilence)
  try {
    const { data } = await gateway.GET('/environments/{env}/events', {
      params: {
        path: { env },
        query: { ...namePrefix !== undefined && { namePrefix }, ...names !== undefined && { name: [...names] } },
        header: { ...position.lastEventId !== undefined && { 'last-event-id': position.lastEventId } }
      },
      parseAs: 'stream',
      signal: AbortSignal.any([silence.signal, ...signal === undefined ? [] : [signal]])
    })
    let changes: SecretChange[] = []
    for await (const block of blocksOf(data ?? new ReadableStream(), () => { timer.refresh() })) {
      const [, id, isChange, json = ''] = /^(?:id: (.*)\n)?event: (?:(version|gone)|.*)\ndata: (.*)$/.exec(block) ?? []
      if (isChange !== undefined) changes.push(JSON.parse(json) as SecretChange)
      // Only the last of several changes that were sent together has an ID.
      if (id === undefined) continue
      position.lastEventId = id
      yield changes
      changes = []
    }
  } finally {
    clearTimeout(timer)
  }
}

/** Yields the events and comments of an event stream. @param onChunk called whenever data arrives */
async function* blocksOf (stream: ReadableStream<Uint8Array>, onChunk: () => void): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    onChunk()
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    yield* blocks
  }
}

/** Returns true if another attempt may succeed. `fetch` throws a TypeError if the connection breaks. */
function isTemporary (error: unknown): boolean {
  if (error instanceof GatewayProblem) return error.status === 429 || error.status >= 500
  return error instanceof GatewayUnreachable || error instanceof TypeError
}
