import { Option, type Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { progressBar } from '#src/cli/progress'
import { itemLines } from '#src/cli/results'
import { CommandFailure, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply, type Schemas } from '#src/client/client'
import type { paths } from '#src/client/schema'

interface Options extends GlobalOptions {
  from: string
  to: string
  missing?: boolean
  onConflict: 'fail' | 'skip' | 'update'
  dryRun?: boolean
}

type PromotionBody = paths['/environments/{env}/promotions']['post']['requestBody']['content']['application/json']
type PromotionReply = Schemas['PromotionReply']

/** Names of one request: so few that one sees how it goes on. */
const atOnce = 20

/** Sends some names at a time, each of which is done on its own. Gives the replies so far as one. */
async function* inParts (
  names: readonly string[], terminal: Terminal, send: (names: string[]) => Promise<PromotionReply>
): AsyncGenerator<PromotionReply> {
  const bar = progressBar(terminal, names.length)
  let whole: PromotionReply | undefined
  try {
    for (let start = 0; start < names.length; start += atOnce) {
      whole = sum(whole, await send(names.slice(start, start + atOnce)))
      if (names.length > atOnce) bar.draw(whole.items.length)
      yield whole
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

/** `secretsctl promote --from ENV --to ENV`: copies secrets, and shows none. */
export function promote (program: Command, terminal: Terminal): void {
  const command = program.command('promote')
    .description('copy secrets from one environment to another, unseen')
    .argument('[names...]', 'which; or --missing', (name: string, names: string[]) => [...names, secretName(name)], [])
    .requiredOption('--from <environment>', 'where they are')
    .requiredOption('--to <environment>', 'where they go')
    .option('--missing', 'all that the one has and the other lacks')
    .addOption(new Option('--on-conflict <policy>', 'what becomes of a secret that is there')
      .choices(['fail', 'skip', 'update']).default('fail'))
    .option('--dry-run', 'only show the plan')
    .action(async (names: string[], _: object, command: Command) => {
      const { from, to, missing, onConflict, dryRun = false, ...options } = command.optsWithGlobals<Options>()
      const env = environmentOf({ env: to })
      if (names.length === 0 ? missing !== true : missing === true) throw new WrongUsage('Which secrets? Either names or --missing')
      const gateway = gatewayOf(options, terminal)
      const send = async (body: PromotionBody): Promise<PromotionReply> =>
        reply(gateway.POST('/environments/{env}/promotions', { params: { path: { env } }, body }))
      const plan = missing === true ? await send({ from, missing, dryRun: true }) : undefined
      const parts = plan !== undefined && (dryRun || plan.items.length === 0)
        ? [{ ...plan, dryRun }]
        : inParts(plan?.items.map(({ name }) => name) ?? names, terminal, async (part) =>
            send({ from, names: part, onConflict, dryRun }))
      let result: PromotionReply | undefined
      try {
        for await (const soFar of parts) result = soFar
      } finally {
        // Also where a later part breaks off: what was done is told.
        if (result !== undefined) print(terminal, options, result, itemLines(terminal, result))
      }
      const { items = [], counts: { failed, notStarted } = { failed: 0, notStarted: 0 } } = result ?? {}
      if (failed + notStarted > 0) throw new CommandFailure(`${failed + notStarted} of ${items.length} ${notStarted === 0 ? 'failed' : 'failed or were not begun'}`)
    })
  withExample(command, 'secretsctl promote --from staging --to prod --missing --dry-run', 'secretsctl promote --from staging --to prod payments/db --on-conflict update')
}
