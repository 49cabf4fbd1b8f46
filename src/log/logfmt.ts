import type { DestinationStream } from 'pino'
import { escapedJson } from '#src/command-line/visible'

/** The formats of a log line: a JSON object, or logfmt, which people read more easily and Loki understands, too. */
export const logFormats = ['json', 'logfmt'] as const

/** Matches a value that needs no quotation marks. */
const bare = /^[A-Za-z0-9_.:/+@%*-]+$/

function* membersOf (value: unknown, name: string): Generator<string> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, member] of Object.entries(value)) yield* membersOf(member, name === '' ? key : `${name}.${key}`)
  } else {
    yield `${name}=${typeof value === 'string' && bare.test(value) ? value : escapedJson(JSON.stringify(value))}`
  }
}

/** Converts a line of JSON to logfmt. A member of a nested object gets a name with dots, such as `reply.status`. */
export const logfmt = (line: string): string => `${[...membersOf(JSON.parse(line), '')].join(' ')}\n`

/** Returns a destination that writes lines of JSON in the given form to another destination. */
export const inFormat = (format: (typeof logFormats)[number], destination: DestinationStream): DestinationStream =>
  format === 'json' ? destination : { write (line) { destination.write(logfmt(line)) } }
