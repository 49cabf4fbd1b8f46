import type { Command } from 'commander'
import { verifyTrail } from '#src/audit/verify'
import { withExample } from '#src/cli/gateway'
import type { OutputOptions } from '#src/cli/output-format'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'
import { reportLines, trailOptions, trailOf, withTrailOptions, type TrailOptions } from '#src/cli/trail'

/** Adds `secretsctl audit verify FILE...`, which checks the integrity of an audit trail. */
export function auditVerify (command: Command, terminal: Terminal): void {
  withTrailOptions(command)
    .action(async (names: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<TrailOptions & OutputOptions>()
      const verification = await verifyTrail(trailOf(names), trailOptions(names, options))
      const { findings, unproved } = verification
      const proved = findings.length === 0 && unproved === undefined
      print(terminal, options, { proved, ...verification }, reportLines(verification, options))
      if (findings.length > 0) throw new CommandFailure('The trail is NOT intact')
    })
  withExample(command, 'secretsctl audit verify audit.jsonl --key audit.pub.pem')
}
