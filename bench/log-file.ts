import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { logDestination, type LogDestination } from '#src/log/destination'

/** Opens a file in a folder as the destination of the log, so that the lines cost as much as in production. */
export function logFile (folder: string): LogDestination {
  mkdirSync(folder, { recursive: true })
  return logDestination(openSync(join(folder, 'log'), 'a'), (lines) => { throw new Error(`${lines} log lines were dropped`) })
}
