import type { Command } from 'commander'
import { monotonic } from '#src/clock'
import type { Action } from '#src/authorization/actions'
import { actionList } from '#src/cli/actions'
import { environmentName } from '#src/cli/arguments'
import { configIn, environmentIn } from '#src/cli/configuration'
import { withExample } from '#src/cli/gateway'
import type { OutputOptions } from '#src/cli/output-format'
import { progressBar } from '#src/cli/progress'
import { styleFrom, table } from '#src/cli/table'
import { ExitStatus, print, type Terminal } from '#src/cli/terminal'
import { shellWord } from '#src/cli/text'
import { countsOf, type Finding } from '#src/doctor/findings'

interface Options extends OutputOptions {
  environment: string[]
  actions?: Action[]
}

const styles = styleFrom({ ok: 'green', warning: 'yellow', failure: 'red', 'not tried': 'dim' })

/** Adds `secretsctl doctor FILE`, which checks a configuration against AWS. */
export function doctor (command: Command, terminal: Terminal): void {
  command
    .argument('<file>', 'the gateway\'s configuration file')
    .option('--environment <name>', 'only this environment (repeatable); default: all', (text: string, previous: readonly string[]) => [...previous, environmentName(text)], [])
    .option('--actions <actions>', 'only what these actions of the gateway\'s policies need: names or groups, separated by commas; default: all', actionList)
    .action(async (file: string, _: object, command: Command) => {
      const { environment: names, actions, ...options } = command.optsWithGlobals<Options>()
      const findings = await examined(file, { names, ...actions !== undefined && { actions } }, terminal)
      const counts = countsOf(findings)
      print(terminal, options, { counts, findings }, table(['STATUS', 'SUBJECT', 'CHECK', ''], findings.flatMap(rowsOf), styles))
      terminal.stderr.lines([`${counts.failure} failed, ${counts.warning} with a warning, ${counts['not-tried']} not tried, ${counts.ok} ok`])
      if (counts.failure > 0) throw new ExitStatus(1)
    })
  withExample(command, 'secretsctl doctor gateway.yaml', 'secretsctl doctor gateway.yaml --environment prod --actions read --json')
}

/** The part of the configuration to check: the environments with these names, or all if there are none. */
interface Scope {
  readonly names: readonly string[]
  readonly actions?: readonly Action[]
}

async function examined (file: string, { names, actions }: Scope, terminal: Terminal): Promise<Finding[]> {
  const config = await configIn(file)
  const environments = names.length === 0 ? [...config.environments.values()] : names.map((name) => environmentIn(config, name))
  const { examine } = await import('#src/doctor/examine')
  let bar: ReturnType<typeof progressBar> | undefined
  try {
    return await examine({
      config,
      environments: [...new Set(environments)],
      ...actions !== undefined && { actions },
      policyCommand: (environment) => ['secretsctl iam-policy --config', shellWord(file), '--environment', environment,
        ...actions === undefined ? [] : ['--actions', actions.join(',')]].join(' '),
      clocks: { now: Date.now, monotonic },
      onProgress (done, total) {
        bar ??= progressBar(terminal, total, ' checks')
        bar.draw(done)
      }
    })
  } finally {
    bar?.end()
  }
}

const rowsOf = ({ status, subject, check, message, next }: Finding): string[][] => [
  [status.replace('-', ' '), subject, check, message],
  ...next === undefined ? [] : [['', '', '', `→ ${next}`]]
]
