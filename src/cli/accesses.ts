import { once } from 'node:events'
import type { Access } from '#src/audit/search'
import { escapedJson } from '#src/command-line/visible'
import { csvLine } from './csv.ts'
import { styleFrom, table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Writes accesses one by one, so that memory does not limit their number. */
export interface AccessWriter {
  readonly write: (access: Access) => Promise<void>
  /** Writes the remaining accesses. In JSON, also writes the result of the verification. */
  readonly end: (result: object) => Promise<void>
}

/** The columns of CSV, and the members in JSON, in this order. */
const columns = [
  'time', 'outcome', 'caller', 'action', 'environment', 'name', 'status', 'code', 'reason', 'result', 'versionId', 'policies',
  'credential', 'method', 'peer', 'requestId', 'sequence', 'isIntact'
] as const satisfies readonly (keyof Access)[]

/** Waits until the reader of standard output has caught up, or has closed it. */
async function flushed ({ stdout: { echo } }: Terminal): Promise<void> {
  if (!echo.writableNeedDrain || echo.destroyed) return
  const ended = new AbortController()
  try {
    await Promise.race(['drain', 'close', 'error'].map(async (event) => once(echo, event, { signal: ended.signal }))).catch(() => undefined)
  } finally {
    ended.abort()
  }
}

function csv (terminal: Terminal): AccessWriter {
  terminal.stdout.lines([columns.join(',')])
  return {
    async write (access) {
      terminal.stdout.lines([csvLine(columns.map((column) => access[column]))])
      await flushed(terminal)
    },
    end: async () => Promise.resolve()
  }
}

function json (terminal: Terminal): AccessWriter {
  let separator = '\n'
  terminal.stdout.text('{\n  "items": [')
  return {
    async write (access) {
      const members = columns.map((column) => [column, access[column]] as const).filter(([, value]) => value !== '')
      terminal.stdout.text(`${separator}    ${escapedJson(JSON.stringify(Object.fromEntries(members)))}`)
      separator = ',\n'
      await flushed(terminal)
    },
    async end (result) {
      terminal.stdout.text(`\n  ],\n${escapedJson(JSON.stringify(result, undefined, 2)).slice(2)}\n`)
      return Promise.resolve()
    }
  }
}

/** The number of rows from which the widths of the columns are computed. A later row may be wider. */
const measured = 1_000

const headings = ['TIME', 'OUTCOME', 'CALLER', 'ACTION', 'ENVIRONMENT', 'SECRET', 'DETAILS']

const styles = styleFrom({ refused: 'yellow', failed: 'red' })

const rowOf = ({ time, outcome, caller, action, environment, name, code, reason, result, isIntact }: Access): string[] =>
  [time, outcome, caller, action, environment, name, [code, reason, result, isIntact ? '' : '(this record was changed)'].filter((text) => text !== '').join(' ')]

function text (terminal: Terminal): AccessWriter {
  let rows: string[][] = []
  let widths: readonly number[] | undefined
  async function print (): Promise<void> {
    if (rows.length === 0) return
    const [heading = [], ...lines] = table(headings, rows, styles, widths)
    terminal.stdout.lines(widths === undefined ? [heading, ...lines] : lines)
    widths ??= headings.map((name, column) => rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), name.length))
    rows = []
    await flushed(terminal)
  }
  return {
    async write (access) {
      rows.push(rowOf(access))
      if (rows.length >= measured) await print()
    },
    end: print
  }
}

/** The functions that create writers of accesses, by format. */
export const accessWriters = { csv, json, text } as const
