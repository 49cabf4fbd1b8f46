import type { Command } from 'commander'
import { withExample } from '#src/cli/gateway'
import { ExitStatus } from '#src/cli/terminal'

/** `secretsctl local`: the embedded Secrets Manager alone. */
export function local (program: Command): void {
  const command = program.command('local')
    .description('run the embedded Secrets Manager; its own options come behind "--", and "-- --help" lists them')
    .argument('[options...]', 'such as --port 4566 --memory')
    .action(async (args: string[]) => {
      // Not at every start of the program.
      const { runLocalBackend } = await import('#src/local-backend/command')
      await runLocalBackend(args)
      // It reports by the exit status of the process that it can't start.
      if (typeof process.exitCode === 'number' && process.exitCode !== 0) throw new ExitStatus(process.exitCode)
    })
  withExample(command, 'secretsctl local -- --port 4566 --memory')
}
