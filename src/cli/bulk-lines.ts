import type { ReadableStream } from 'node:stream/web'
import { assertShape } from '#src/client/assert-documented'
import { GatewayUnreachable, type Schemas } from '#src/client/client'
import { shapes } from '#src/client/replies'
import type { Shape } from '#src/client/shapes'
import { compact } from '#src/json/compact'
import { isJsonObject } from '#src/json/lossless'
import type { BulkItemReply } from './manifest.ts'

/** The last line of the reply, without the results. */
export type Summary = Pick<Schemas['BulkCreateReply'], 'dryRun' | 'counts' | 'stopped'>

/**
 * A line of the reply. While an atomic request runs, its reply contains only the number of secrets that are `done`, because no
 * item's result is final before the end.
 */
export type Entry = { summary: Summary } | { done: number } | BulkItemReply

const { dryRun, counts, stopped } = shapes.BulkCreateReply?.properties ?? {}

/** The shape of each kind of line, keyed by the member that only this kind of line has. */
const lineShapes: readonly (readonly [member: string, Shape])[] = [
  ['summary', {
    type: 'object',
    required: ['summary'],
    properties: { summary: { type: 'object', required: ['dryRun', 'counts'], properties: compact({ dryRun, counts, stopped }) } }
  }],
  ['done', { type: 'object', required: ['done'], properties: { done: { type: 'number' } } }],
  ['name', { ref: 'BulkItemReply' }]
]

/** Returns the error for a reply that can't have come from a gateway. */
export const notAGateway = (found: string): GatewayUnreachable =>
  new GatewayUnreachable(`The reply is not that of a secrets gateway: it has ${found}`)

/**
 * Reads the lines of a bulk create's streamed reply. If the connection breaks off, the lines end without the summary.
 *
 * @param total the number of secrets in the request
 * @throws GatewayUnreachable if the lines can't have come from a gateway
 */
export async function* entriesOf (stream: ReadableStream<Uint8Array> | null | undefined, total: number): AsyncGenerator<Entry> {
  if (stream === null || stream === undefined) return
  // For each secret, a gateway sends at most one line with progress and one with the result. The summary is the last line.
  let left = 2 * total + 1
  try {
    for await (const line of linesOf(stream)) {
      if (left-- === 0) throw notAGateway('too many lines')
      yield entryFrom(line)
    }
  } catch (error) {
    // Ignores the error of a broken connection.
    if (error instanceof GatewayUnreachable) throw error
  }
}

/** Parses a line. @throws GatewayUnreachable if it can't have come from a gateway */
function entryFrom (line: string): Entry {
  const entry = parsed(line)
  const [, shape] = lineShapes.find(([member]) => isJsonObject(entry) && Object.hasOwn(entry, member)) ?? []
  if (shape === undefined) throw notAGateway('an unknown line')
  assertShape(shape, entry)
  return entry as Entry
}

function parsed (line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw notAGateway('invalid JSON')
  }
}

/** The maximum length of a line, in characters. The longest line that a gateway sends is a result with a hundred errors. */
const maximumLine = 1024 * 1024

/**
 * Splits a stream at line feeds only. `node:readline` would also split it at U+2028, which JSON allows inside strings.
 *
 * @throws GatewayUnreachable for a line that is too long
 */
async function* linesOf (stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  // The parts of a line are joined only once, at its end. Joining after each part would take quadratic time.
  let parts: string[] = []
  let length = 0
  for await (const chunk of stream) {
    const texts = decoder.decode(chunk, { stream: true }).split('\n')
    for (const [index, text] of texts.entries()) {
      if (index > 0) {
        yield parts.join('')
        parts = []
        length = 0
      }
      parts.push(text)
      length += text.length
      if (length > maximumLine) throw notAGateway('a line without an end')
    }
  }
}
