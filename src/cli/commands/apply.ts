import type { Command } from 'commander'
import { buffer } from 'node:stream/consumers'
import { bulkCreate, type BulkResult } from '#src/cli/bulk'
import { environmentNamed, environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { manifestFrom } from '#src/cli/manifest'
import { isForPrograms } from '#src/cli/output-format'
import { itemLines } from '#src/cli/results'
import { CommandFailure, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { contentOf } from '#src/cli/value'

interface Options extends GlobalOptions {
  file: string
  dryRun?: boolean
}

/** Returns true if a plan contains nothing to write. */
const isUpToDate = ({ counts }: BulkResult): boolean => counts.created + counts.updated + counts.restored === 0

/** @throws CommandFailure if any secret failed, was rolled back or was not started */
function throwIfIncomplete ({ counts, items, stopped }: BulkResult): void {
  const failed = counts.failed + counts.rolledBack + counts.notStarted
  if (failed > 0) throw new CommandFailure(`${failed} of ${items.length} ${stopped === undefined ? 'failed' : `were not applied: ${stopped}`}`)
}

/** Adds `secretsctl apply -f FILE`, which shows the plan and, unless `--dry-run` is set, carries it out. */
export function apply (command: Command, terminal: Terminal): void {
  command
    .requiredOption('-f, --file <file>', 'a bulk create in YAML or JSON, or a manifest of kind AwsSecretsManager; "-" reads standard input')
    .option('--dry-run', 'only show the plan')
    .action(async (_: object, command: Command) => {
      const { file, dryRun = false, ...options } = command.optsWithGlobals<Options>()
      const gateway = gatewayOf(options, terminal)
      const bytes = file === '-' ? await buffer(terminal.stdin) : contentOf(file)
      const { body, env: declared } = manifestFrom(bytes.toString())
      if (declared !== undefined && options.env !== undefined && declared !== options.env) {
        throw new WrongUsage(`The file is for ${declared}, but --env is ${options.env}`)
      }
      const env = declared === undefined ? environmentOf(options, terminal) : environmentNamed(declared)

      const plan = await bulkCreate(gateway, env, { ...body, dryRun: true }, terminal)
      const isPlan = dryRun || body.dryRun === true || isUpToDate(plan)
      if (isPlan || !isForPrograms(options)) print(terminal, options, plan, itemLines(plan))
      if (isPlan) {
        throwIfIncomplete(plan)
        return
      }
      const result = await bulkCreate(gateway, env, body, terminal)
      print(terminal, options, result, ['', ...itemLines(result)])
      throwIfIncomplete(result)
    })
  withExample(command, 'secretsctl apply -f secrets.yaml --env dev --dry-run', 'secretsctl apply -f manifest.yaml')
}
