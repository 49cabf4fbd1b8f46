import type { ReadableStream } from 'node:stream/web'
import type { GatewayClient, Schemas } from '#src/client/client'
import type { BulkItemReply, Manifest } from './manifest.ts'
import { progressBar } from './progress.ts'
import { CommandFailure, type Terminal } from './terminal.ts'

type Summary = Pick<Schemas['BulkCreateReply'], 'dryRun' | 'counts' | 'stopped'>

export interface BulkResult extends Summary {
  items: BulkItemReply[]
}

/**
 * Sends a bulk create and reads its streamed reply, with a progress bar on a terminal.
 *
 * @throws GatewayProblem, GatewayUnreachable
 * @throws CommandFailure if the reply breaks off, which leaves the outcome unknown
 */
export async function bulkCreate (gateway: GatewayClient, env: string, body: Manifest['body'], terminal: Terminal): Promise<BulkResult> {
  const { data } = await gateway.POST('/environments/{env}/secrets', {
    params: { path: { env } }, body, headers: { accept: 'application/x-ndjson' }, parseAs: 'stream'
  })
  const total = (body.secrets ?? []).length + (body.secretNames ?? []).length
  const bar = progressBar(terminal, total)
  const items: BulkItemReply[] = []
  let summary: Summary | undefined
  for await (const entry of entriesOf(data)) {
    if ('summary' in entry) summary = entry.summary
    else if ('done' in entry) bar.draw(entry.done)
    else {
      items.push(entry)
      if (body.dryRun !== true && body.atomic !== true) bar.draw(items.length)
    }
  }
  bar.end()
  if (summary === undefined) throw new CommandFailure(`The reply broke off after ${items.length} of ${total} secrets; run the command again`)
  return { ...summary, items: inOrder(items, body) }
}

/**
 * A line of the reply. While an atomic request runs, its reply contains only the number of secrets that are `done`, because no
 * item's result is final before the end.
 */
type Entry = { summary: Summary } | { done: number } | BulkItemReply

async function* entriesOf (stream: ReadableStream<Uint8Array> | null | undefined): AsyncGenerator<Entry> {
  if (stream === null || stream === undefined) return
  try {
    for await (const line of linesOf(stream)) yield JSON.parse(line) as Entry
  } catch {
    // Ignores the error of a broken connection, because the caller notices that the summary is missing.
  }
}

/** Splits a stream at line feeds only. `node:readline` would also split it at U+2028, which JSON allows inside strings. */
async function* linesOf (stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** Sorts items, which arrive in order of completion, into the order of the request. */
function inOrder (items: readonly BulkItemReply[], { secrets = [], secretNames = [] }: Manifest['body']): BulkItemReply[] {
  const byName = new Map(items.map((item) => [item.name, item]))
  return [...secrets.map(({ name }) => name), ...secretNames].flatMap((name) => byName.get(name) ?? [])
}
