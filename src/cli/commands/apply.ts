import type { Command } from 'commander'
import { buffer } from 'node:stream/consumers'
import { bulkCreate, type BulkResult } from '#src/cli/bulk'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { manifestFrom } from '#src/cli/manifest'
import { itemLines } from '#src/cli/results'
import { CommandFailure, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { contentOf } from '#src/cli/value'

interface Options extends GlobalOptions {
  file: string
  dryRun?: boolean
}

const isSettled = ({ counts }: BulkResult): boolean => counts.created + counts.updated + counts.restored === 0

/** Ends with 1 where not all is as the file wants it. */
function check ({ counts, items, stopped }: BulkResult): void {
  const failed = counts.failed + counts.rolledBack + counts.notStarted
  if (failed > 0) throw new CommandFailure(`${failed} of ${items.length} ${stopped === undefined ? 'failed' : `were not done: ${stopped}`}`)
}

/** `secretsctl apply -f FILE`: shows the plan, then sees to it. */
export function apply (program: Command, terminal: Terminal): void {
  const command = program.command('apply')
    .description('make sure that an environment has what a file lists; what is there is left as it is, unless the file says otherwise')
    .requiredOption('-f, --file <file>', 'a bulk create in YAML or JSON, or a manifest of kind AwsSecretsManager; "-" is standard input')
    .option('--dry-run', 'only show the plan')
    .action(async (_: object, command: Command) => {
      const { file, dryRun = false, ...options } = command.optsWithGlobals<Options>()
      const gateway = gatewayOf(options, terminal)
      const bytes = file === '-' ? await buffer(terminal.stdin) : contentOf(file)
      const { body, env: stated } = manifestFrom(bytes.toString())
      if (stated !== undefined && options.env !== undefined && stated !== options.env) {
        throw new WrongUsage(`The file is for ${stated}, and --env says ${options.env}`)
      }
      const env = environmentOf(stated === undefined ? options : { env: stated })

      const plan = await bulkCreate(gateway, env, { ...body, dryRun: true }, terminal)
      const isPlan = dryRun || body.dryRun === true || isSettled(plan)
      if (isPlan || options.json !== true) print(terminal, options, plan, itemLines(terminal, plan))
      if (isPlan) {
        check(plan)
        return
      }
      const result = await bulkCreate(gateway, env, body, terminal)
      print(terminal, options, result, ['', ...itemLines(terminal, result)])
      check(result)
    })
  withExample(command, 'secretsctl apply -f secrets.yaml --env dev --dry-run', 'secretsctl apply -f manifest.yaml')
}
