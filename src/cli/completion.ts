import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { withExample } from './gateway.ts'

/** Adds `secretsctl completion SHELL`, and what the script that it prints asks the program behind the scenes. */
export function withCompletion (program: Command): Command {
  tab(program, { completionCommandName: 'completion' })
  const completion = program.commands.find((command) => command.name() === 'completion')
  if (completion !== undefined) withExample(completion.description('print the completion script of a shell'), 'source <(secretsctl completion bash)')
  return program
}
