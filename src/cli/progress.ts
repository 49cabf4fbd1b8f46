import type { Terminal } from './terminal.ts'

/** The number of characters between the brackets of a progress bar. */
const length = 20

/** A progress bar. It is drawn on standard error, so that it does not mix with the result on standard output. */
export interface ProgressBar {
  /** @param done a number from 0 to the total */
  draw: (done: number) => void
  /** Ends the bar's line. Must also be called if the work fails. */
  end: () => void
}

/**
 * Creates a progress bar, which draws nothing unless standard error is a terminal.
 *
 * @param unit text that follows the total, such as ` MiB`
 */
export function progressBar ({ stderr }: Terminal, total: number, unit = ''): ProgressBar {
  let isDrawn = false
  return {
    draw (done) {
      if (!stderr.isTerminal) return
      const full = Math.floor(length * done / total)
      stderr.redraw(`[${'#'.repeat(full)}${'.'.repeat(length - full)}] ${done} of ${total}${unit}`)
      isDrawn = true
    },
    end () {
      if (isDrawn) stderr.lines([''])
      isDrawn = false
    }
  }
}
