import type { Terminal } from './terminal.ts'

const length = 20

/** Draws how far long work is: on a terminal alone, and on standard error, so that what is printed stays clean. */
export function progressBar ({ stderr }: Terminal, total: number): (done: number) => void {
  return (done) => {
    if (stderr.isTTY !== true) return
    const full = Math.floor(length * done / total)
    stderr.write(`\r[${'#'.repeat(full)}${'.'.repeat(length - full)}] ${done} of ${total}${done === total ? '\n' : ''}`)
  }
}
