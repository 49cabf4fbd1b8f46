import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { withExample } from './gateway.ts'

/** Adds `secretsctl completion SHELL`, and the hidden `complete` command that the completion scripts call. */
export function withCompletion (program: Command): Command {
  tab(program, { completionCommandName: 'completion' })
  const completion = program.commands.find((command) => command.name() === 'completion')
  if (completion !== undefined) withExample(completion.description('print a shell completion script'), 'source <(secretsctl completion bash)')
  return program
}
