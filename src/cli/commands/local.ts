import type { Command } from 'commander'
import { withExample } from '#src/cli/gateway'
import { ExitStatus, type Terminal } from '#src/cli/terminal'

/** Adds `secretsctl local`, which runs the embedded Secrets Manager without a gateway. */
export function local (command: Command, terminal: Terminal): void {
  command
    .argument('[arguments...]', 'its options, such as --port 4566 --memory')
    .action(async (args: string[]) => {
      // Imported on demand, because loading this module would slow down every other command.
      const { runLocalBackend } = await import('#src/local-backend/command')
      const status = await runLocalBackend(args, terminal)
      if (status !== 0) throw new ExitStatus(status)
    })
  withExample(command, 'secretsctl local -- --port 4566 --memory')
}
