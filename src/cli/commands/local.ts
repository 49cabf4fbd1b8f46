import type { Command } from 'commander'
import { withExample } from '#src/cli/gateway'
import { ExitStatus } from '#src/cli/terminal'

/** Adds `secretsctl local`, which runs the embedded Secrets Manager without a gateway. */
export function local (program: Command): void {
  const command = program.command('local')
    .description('run the embedded Secrets Manager; pass its options after "--" ("-- --help" lists them)')
    .argument('[options...]', 'such as --port 4566 --memory')
    .action(async (args: string[]) => {
      // Imported on demand, because loading this module would slow down every other command.
      const { runLocalBackend } = await import('#src/local-backend/command')
      await runLocalBackend(args)
      // If the start fails, runLocalBackend does not throw, but prints the error and sets process.exitCode.
      if (typeof process.exitCode === 'number' && process.exitCode !== 0) throw new ExitStatus(process.exitCode)
    })
  withExample(command, 'secretsctl local -- --port 4566 --memory')
}
