import type { Command } from 'commander'
import { withExample } from '#src/cli/gateway'
import { withPolicies } from '#src/cli/policies'
import type { OutputOptions } from '#src/cli/output-format'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'

/** Adds `secretsctl policy test DIR`, which runs a folder's test cases against its policies. */
export function policyTest (command: Command, terminal: Terminal): void {
  command
    .argument('<dir>', 'the folder')
    .action(async (folder: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<OutputOptions>()
      const results = await withPolicies(({ readPolicies, readCases, runCases }) =>
        runCases(readPolicies(folder), readCases(folder)))
      const failed = results.filter(({ mismatch }) => mismatch !== undefined)
      print(terminal, options, { passed: results.length - failed.length, failed: failed.length, results }, [
        ...results.map(({ file, title, action, expect, mismatch }) =>
          `${mismatch === undefined ? 'ok     ' : 'not ok '} ${file}: ${title}: ${expect} ${action}${mismatch === undefined ? '' : `: ${mismatch}`}`),
        `${results.length - failed.length} as expected, ${failed.length} not`
      ])
      if (results.length === 0) throw new CommandFailure(`There are no cases in ${folder}`)
      if (failed.length > 0) throw new CommandFailure('The policies do not decide as the test cases expect')
    })
  withExample(command, 'secretsctl policy test policies')
}
