import type { Command } from 'commander'
import { namePrefix } from '#src/cli/arguments'
import { gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { warnOfUnaddressable } from '#src/cli/results'
import { styleFrom, table } from '#src/cli/table'
import { CommandFailure, ExitStatus, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { counted } from '#src/cli/text'
import { reply, type Schemas } from '#src/client/client'

interface Options extends GlobalOptions {
  values?: boolean
  prefix?: string
  all?: boolean
}

const colours: Partial<Record<string, 'red' | 'yellow'>> = {
  missing: 'red',
  'missing!': 'red',
  'pending-deletion': 'red',
  'pending-deletion!': 'red',
  placeholder: 'yellow',
  'placeholder!': 'yellow'
}

/** The exit statuses for the differences found. 1 means that the comparison failed, and 2 means wrong usage. */
const exitStatus = { differ: 3, lack: 4 } as const

/** Adds `secretsctl diff ENV ENV...`, which compares environments without showing a value. */
export function diff (command: Command, terminal: Terminal): void {
  command
    .argument('<environments...>', 'two environments or more')
    .option('--values', 'also compare values: the same letter in a row means the same value')
    .option('--prefix <prefix>', 'only names that begin with this prefix', namePrefix)
    .option('--all', 'also show names that do not differ')
    .action(async (named: string[], _: object, command: Command) => {
      // Also accepts a comma-separated list, as the API does.
      const environments = named.flatMap((name) => name.split(','))
      const { values: compareValues, prefix, all, ...options } = command.optsWithGlobals<Options>()
      if (environments.includes('')) throw new WrongUsage('The name of an environment must not be empty')
      if (environments.length < 2) throw new WrongUsage('Specify at least two environments')
      const report = await reply(gatewayOf(options, terminal).GET('/consistency', {
        params: {
          query: {
            environments: environments.join(','),
            ...(compareValues !== undefined && { compareValues }),
            ...(prefix !== undefined && { namePrefix: prefix })
          }
        }
      }))
      if (prefix !== undefined && report.items.length === 0) {
        throw new CommandFailure(`No secret in ${environments.join(', ')} has a name that begins with ${prefix}`)
      }
      const differing = report.items.filter(({ differs }) => differs)
      const lacking = report.items.filter((item) => !item.differs && Object.values(item.environments).some(isLacking))
      const deviating = new Set([...differing, ...lacking])
      const shown = report.items.filter((item) => all === true || deviating.has(item))
      const rows = shown.map(({ name, environments: found }) => {
        const isCompared = compareValues === true && Object.values(found).filter(({ state }) => state === 'present').length > 1
        return [name, ...environments.map((environment) => textOf(found[environment], isCompared))]
      })
      const headings = ['NAME', ...environments.map((name) => name.toUpperCase())]
      const lines = rows.length === 0 ? [] : table(headings, rows, styleFrom(colours))
      print(terminal, options, { ...report, items: shown, differing: differing.length }, [
        ...lines,
        ...(rows.some((row) => row.some((cell) => cell.endsWith('!'))) ? ['(! required)'] : [])
      ])
      for (const [name, count] of Object.entries(report.unaddressable ?? {})) warnOfUnaddressable(terminal, count, name)
      const environmentList = environments.join(', ')
      const deviations = [
        ...differing.length > 0 ? [`differ in ${differing.length} of ${counted(report.items.length, 'name')}`] : [],
        ...lacking.length > 0 ? [`lack values of required secrets (${lacking.length})`] : []
      ]
      if (deviations.length > 0) {
        terminal.stderr.lines([`${environmentList} ${deviations.join(', and ')}`])
        throw new ExitStatus(differing.length > 0 ? exitStatus.differ : exitStatus.lack)
      }
      terminal.stderr.lines([`${environmentList} agree in ${counted(report.items.length, 'name')}`])
    })
  withExample(command, 'secretsctl diff dev staging prod --values')
}

type Cell = Schemas['ConsistencyReport']['items'][number]['environments'][string]

/** Returns true if a secret is required but has no value. */
const isLacking = ({ required, state }: Cell): boolean => required && state !== 'present'

function textOf (cell: Cell | undefined, isCompared: boolean): string {
  if (cell === undefined) return 'hidden'
  const { state, required, group } = cell
  if (state !== 'present') return required ? `${state}!` : state
  // Environments with the same value are in the same group, which is shown as a letter: group 1 as A. A report has at most 20
  // environments, so the alphabet suffices.
  return isCompared ? `${state} ${group === undefined ? '?' : String.fromCharCode(64 + group)}` : state
}
