import { Option, type Command } from 'commander'
import { buffer } from 'node:stream/consumers'
import { planAndCreate } from '#src/cli/bulk-plan'
import { contentOf } from '#src/cli/file-content'
import { environmentNamed, environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { manifestFrom } from '#src/cli/manifest'
import { WrongUsage, type Terminal } from '#src/cli/terminal'

interface Options extends GlobalOptions {
  file: string
  onConflict?: 'fail' | 'skip' | 'update'
  dryRun?: boolean
}

/** Adds `secretsctl apply -f FILE`, which shows the plan and, unless `--dry-run` is set, carries it out. */
export function apply (command: Command, terminal: Terminal): void {
  command
    .requiredOption('-f, --file <file>', 'YAML or JSON with secrets or secretNames, or a manifest of kind AwsSecretsManager; "-" reads standard input')
    .addOption(new Option('--on-conflict <policy>', 'what to do with a secret that exists already; default: what the file says, or else skip')
      .choices(['fail', 'skip', 'update']))
    .option('--dry-run', 'only show the plan')
    .action(async (_: object, command: Command) => {
      const { file, onConflict, dryRun = false, ...options } = command.optsWithGlobals<Options>()
      const gateway = gatewayOf(options, terminal)
      const bytes = file === '-' ? await buffer(terminal.stdin) : contentOf(file)
      const { body, env: declared } = manifestFrom(bytes.toString())
      if (declared !== undefined && options.env !== undefined && declared !== options.env) {
        throw new WrongUsage(`The file is for ${declared}, but --env is ${options.env}`)
      }
      const env = declared === undefined ? environmentOf(options, terminal) : environmentNamed(declared)
      const wanted = { ...body, ...onConflict !== undefined && { onConflict } }
      await planAndCreate(gateway, env, wanted, { ...options, dryRun, asks: false }, terminal)
    })
  withExample(command, 'secretsctl apply -f secrets.yaml --env dev --dry-run', 'secretsctl apply -f manifest.yaml')
}
