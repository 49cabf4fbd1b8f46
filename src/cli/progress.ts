import type { Terminal } from './terminal.ts'

const length = 20

/** How far long work is: drawn on a terminal alone, and on standard error, so that what is printed stays clean. */
export interface ProgressBar {
  draw: (done: number) => void
  /** Ends the line, also where the work broke off. */
  end: () => void
}

export function progressBar ({ stderr }: Terminal, total: number): ProgressBar {
  let isDrawn = false
  return {
    draw (done) {
      if (stderr.isTTY !== true) return
      const full = Math.floor(length * done / total)
      stderr.write(`\r[${'#'.repeat(full)}${'.'.repeat(length - full)}] ${done} of ${total}`)
      isDrawn = true
    },
    end () {
      if (isDrawn) stderr.write('\n')
      isDrawn = false
    }
  }
}
