import type { Command } from 'commander'
import { withExample } from '#src/cli/gateway'
import type { OutputOptions } from '#src/cli/output-format'
import { withPolicies } from '#src/cli/policies'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'
import { counted } from '#src/cli/text'

/**
 * Adds `secretsctl policy check DIR`, which checks policies as the gateway does, except for the checks that need the gateway's
 * configuration.
 */
export function policyCheck (command: Command, terminal: Terminal): void {
  command
    .argument('<dir>', 'the folder')
    .action(async (folder: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<OutputOptions>()
      const { policies } = await withPolicies(({ readPolicies }) => readPolicies(folder))
      if (policies.length === 0) throw new CommandFailure(`${folder} has no policies: it has no *.cedar files, or they are empty`)
      print(terminal, options, { valid: true, policies: policies.map(({ id, file, line }) => ({ id, file, line })) }, [
        ...policies.map(({ id, file, line }) => `${file}:${line}: ${id}`),
        `${counted(policies.length, 'policy', 'policies')}, all valid`
      ])
    })
  withExample(command, 'secretsctl policy check policies')
}
