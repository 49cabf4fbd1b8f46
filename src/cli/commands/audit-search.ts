import { statSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { createSearch, outcomes, type Outcome, type Span } from '#src/audit/search'
import { verifyTrail } from '#src/audit/verify'
import type { Action } from '#src/authorization/actions'
import { accessWriters } from '#src/cli/accesses'
import { actionList } from '#src/cli/actions'
import { environmentName, namePrefix, secretName } from '#src/cli/arguments'
import { sinceTime, untilTime } from '#src/cli/dates'
import { withExample } from '#src/cli/gateway'
import { formatOf, type OutputOptions } from '#src/cli/output-format'
import { progressBar } from '#src/cli/progress'
import { CommandFailure, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reportLines, trailOf, trailOptions, withTrailOptions, type TrailOptions } from '#src/cli/trail'

interface Options extends TrailOptions, OutputOptions {
  secret?: string
  namePrefix?: string
  environment?: string
  caller?: string
  action?: Action[]
  outcome?: Outcome
  since?: number
  until?: number
  csv?: boolean
}

/** Returns the format of the result. @throws WrongUsage if the options contradict each other, or choose an unsupported format */
function accessFormat ({ csv = false, ...options }: Pick<Options, 'csv' | 'json' | 'output'>): keyof typeof accessWriters {
  const format = formatOf(options)
  if (format === 'yaml' || format === 'env') throw new WrongUsage(`audit search can't print ${format}: choose --json or --csv`)
  if (csv && format === 'json') throw new WrongUsage('Choose either --csv or --json')
  if (csv) return 'csv'
  return format === 'json' ? 'json' : 'text'
}

const mebibyte = 1024 * 1024

/** Adds `secretsctl audit search FILE...`, which finds accesses, and verifies the trail at the same time. */
export function auditSearch (command: Command, terminal: Terminal): void {
  withTrailOptions(command)
    .option('--secret <name>', 'only what concerns this secret', secretName)
    .option('--name-prefix <prefix>', 'only secrets whose names begin with this prefix', namePrefix)
    .option('--environment <name>', 'only this environment', environmentName)
    .option('--caller <id>', 'only this caller')
    .option('--action <actions>', 'only these actions: names or groups such as read, separated by commas', actionList)
    .addOption(new Option('--outcome <outcome>', 'only what was allowed, was refused, or has failed').choices(outcomes))
    .option('--since <time>', 'the beginning: a date in UTC, a time, or how long ago, such as 30d, 12h or 90m', sinceTime)
    .option('--until <time>', 'the end, in one of the same forms; a date includes its whole day', untilTime)
    .option('--csv', 'print CSV')
    .action(async (names: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const { action, since, until } = options
      const format = accessFormat(options)
      if (since !== undefined && until !== undefined && since >= until) throw new WrongUsage('--since must be before --until')
      const progress = progressOf(terminal, names)
      const search = createSearch({ ...options, ...action !== undefined && { actions: new Set(action) } })
      const writer = accessWriters[format](terminal)
      let count = 0
      const verification = await verifyTrail(trailOf(names, progress.read), {
        ...trailOptions(names, options),
        async onRecord (record) {
          for (const access of search.check(record)) {
            count++
            if (terminal.stdout.isTerminal) progress.end()
            await writer.write(access)
          }
        }
      }).finally(progress.end)
      for (const access of search.unfinished()) {
        count++
        await writer.write(access)
      }
      const span = search.span()
      const { findings, unproved } = verification
      const remarks = [summary(count, span), ...since === undefined ? [] : lateBeginning(since, span)]
      const proved = findings.length === 0 && unproved === undefined
      await writer.end({ found: count, ...span !== undefined && { span }, proved, verification })
      // In CSV and JSON, standard output contains only data.
      const lines = [...remarks, ...reportLines(verification, options)]
      if (format === 'text') terminal.stdout.lines(count === 0 ? lines : ['', ...lines])
      else terminal.stderr.lines(format === 'csv' ? lines : remarks)
      if (findings.length > 0) throw new CommandFailure('The trail is NOT intact, so this answer can\'t be relied on')
    })
  withExample(command,
    'secretsctl audit search .gateway/audit.jsonl --secret payments/db --action read',
    'secretsctl audit search audit.jsonl.2.gz audit.jsonl.1 audit.jsonl --secret payments/db --action read --since 30d',
    'secretsctl audit search audit.jsonl --caller deploy-bot --csv',
    'secretsctl audit search audit.jsonl --outcome refused')
}

const summary = (count: number, span: Span | undefined): string => {
  if (span === undefined) return 'Nothing found: the trail has no records of requests'
  const covered = `The trail has records of requests from ${span.from} to ${span.to}`
  return count === 0 ? `Nothing found. ${covered}` : `${count} found. ${covered}`
}

/** Returns a remark if the trail does not cover the beginning of the time span. */
const lateBeginning = (since: number, span: Span | undefined): string[] =>
  span === undefined || Date.parse(span.from) <= since ? [] : ['These files begin later than --since: older files of the trail may have more']

/** Creates a progress bar that shows how much of the files has been read, if standard error is a terminal. */
function progressOf (terminal: Terminal, names: readonly string[]): { read: (bytes: number) => void, end: () => void } {
  const total = names.reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0)
  const bar = progressBar(terminal, Math.max(1, Math.ceil(total / mebibyte)), ' MiB')
  let done = 0
  let shown = -1
  let isEnded = false
  return {
    read (bytes) {
      done += bytes
      const whole = Math.min(Math.floor(done / mebibyte), Math.ceil(total / mebibyte))
      if (isEnded || whole === shown) return
      shown = whole
      bar.draw(whole)
    },
    end () {
      isEnded = true
      bar.end()
    }
  }
}
