import type { GatewayClient } from '#src/client/client'
import { entriesOf, notAGateway, type Summary } from './bulk-lines.ts'
import type { BulkItemReply, Manifest } from './manifest.ts'
import { namingSecrets } from './named-errors.ts'
import { progressBar } from './progress.ts'
import { CommandFailure, type Terminal } from './terminal.ts'

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
  const { data } = await namingSecrets(body, gateway.POST('/environments/{env}/secrets', {
    params: { path: { env } }, body, headers: { accept: 'application/x-ndjson' }, parseAs: 'stream'
  }))
  const total = (body.secrets ?? []).length + (body.secretNames ?? []).length
  const bar = progressBar(terminal, total)
  const items: BulkItemReply[] = []
  let summary: Summary | undefined
  try {
    for await (const entry of entriesOf(data, total)) {
      if ('summary' in entry) summary = entry.summary
      else if ('done' in entry) bar.draw(Math.max(0, Math.min(entry.done, total)))
      else if (items.push(entry) > total) throw notAGateway('more results than secrets')
      else if (body.dryRun !== true && body.atomic !== true) bar.draw(items.length)
    }
  } finally {
    bar.end()
  }
  if (summary === undefined) throw new CommandFailure(`The reply broke off after ${items.length} of ${total} secrets; run the command again`)
  return { ...summary, items: inOrder(items, body) }
}

/** Sorts items, which arrive in order of completion, into the order of the request. */
function inOrder (items: readonly BulkItemReply[], { secrets = [], secretNames = [] }: Manifest['body']): BulkItemReply[] {
  const byName = new Map(items.map((item) => [item.name, item]))
  return [...secrets.map(({ name }) => name), ...secretNames].flatMap((name) => byName.get(name) ?? [])
}
