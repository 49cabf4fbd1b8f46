import { Option, type Command } from 'commander'
import { environmentName, secretName } from '#src/cli/arguments'
import { gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { namingSecrets } from '#src/cli/named-errors'
import { progressBar } from '#src/cli/progress'
import { incomplete, itemLines, warnOfUnaddressable } from '#src/cli/results'
import { print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply, type Schemas } from '#src/client/client'
import type { paths } from '#src/client/schema'

interface Options extends GlobalOptions {
  from: string
  to: string
  missing?: boolean
  onConflict?: 'fail' | 'skip' | 'update'
  dryRun?: boolean
}

type PromotionBody = paths['/environments/{env}/promotions']['post']['requestBody']['content']['application/json']
type PromotionReply = Schemas['PromotionReply']

/** The number of names in one request. It is small, so that the progress bar advances often. */
const batchSize = 20

/** Promotes secrets in batches. After each batch, yields the combined reply of all batches so far. */
async function* inBatches (
  names: readonly string[], terminal: Terminal, send: (names: string[]) => Promise<PromotionReply>
): AsyncGenerator<PromotionReply> {
  const bar = progressBar(terminal, names.length)
  let total: PromotionReply | undefined
  try {
    for (let start = 0; start < names.length; start += batchSize) {
      total = sum(total, await send(names.slice(start, start + batchSize)))
      if (names.length > batchSize) bar.draw(total.items.length)
      yield total
    }
  } finally {
    bar.end()
  }
}

function sum (one: PromotionReply | undefined, other: PromotionReply): PromotionReply {
  if (one === undefined) return other
  const counts = { ...one.counts }
  for (const result of Object.keys(counts) as (keyof typeof counts)[]) counts[result] += other.counts[result]
  return { ...one, counts, items: [...one.items, ...other.items] }
}

/** Adds `secretsctl promote --from ENV --to ENV`, which copies secrets without revealing them. */
export function promote (command: Command, terminal: Terminal): void {
  command
    .argument('[names...]', 'the secrets to copy, unless --missing is set', (name: string, names: string[]) => [...names, secretName(name)], [])
    .requiredOption('--from <environment>', 'the environment to copy from', environmentName)
    .requiredOption('--to <environment>', 'the environment to copy to', environmentName)
    .option('--missing', 'copy all secrets that the target environment lacks')
    .addOption(new Option('--on-conflict <policy>', 'what to do with a secret that already exists in the target environment; default: fail, or with --missing skip')
      .choices(['fail', 'skip', 'update']))
    .option('--dry-run', 'only show the plan')
    .action(async (names: string[], _: object, command: Command) => {
      const { from, to, missing, dryRun = false, ...options } = command.optsWithGlobals<Options>()
      // AWS's list may lack a secret that already exists in the target environment. The plan shows such a secret as skipped.
      const { onConflict = missing === true ? 'skip' : 'fail' } = options
      if (names.length === 0 ? missing !== true : missing === true) throw new WrongUsage('Specify the secrets, either by name or with --missing')
      const gateway = gatewayOf(options, terminal)
      const send = async (body: PromotionBody): Promise<PromotionReply> =>
        namingSecrets(body, reply(gateway.POST('/environments/{env}/promotions', { params: { path: { env: to } }, body })))
      const plan = missing === true ? await send({ from, missing, dryRun: true }) : undefined
      const replies = plan !== undefined && (dryRun || plan.items.length === 0)
        ? [{ ...plan, dryRun }]
        : inBatches(plan?.items.map(({ name }) => name) ?? names, terminal, async (batch) =>
            send({ from, names: batch, onConflict, dryRun }))
      let result: PromotionReply | undefined
      try {
        for await (const combined of replies) result = combined
      } finally {
        // Reports the completed batches even if a later one fails.
        if (result !== undefined) print(terminal, options, { ...plan, ...result }, itemLines(result))
        warnOfUnaddressable(terminal, plan?.unaddressable ?? 0, from)
      }
      const { items = [], counts: { failed, notStarted } = { failed: 0, notStarted: 0 } } = result ?? {}
      if (failed + notStarted > 0) {
        throw incomplete(`${failed + notStarted} of ${items.length} ${notStarted === 0 ? 'failed' : 'failed or were not started'}`, items)
      }
    })
  withExample(command, 'secretsctl promote --from staging --to prod --missing --dry-run', 'secretsctl promote --from staging --to prod payments/db --on-conflict update')
}
