import { cleanUpOnExit } from './clean-up.ts'
import type { Terminal } from './terminal.ts'

/** The number of characters between the brackets of a progress bar. */
const length = 20

/** A progress bar. It is drawn on standard error, so that it does not mix with the result on standard output. */
export interface ProgressBar {
  /** @param done a number from 0 to the total */
  draw: (done: number) => void
  /** Ends the bar's line. Must also be called if the work fails; a signal ends the line by itself. */
  end: () => void
}

/**
 * Creates a progress bar, which draws nothing unless standard error is a terminal.
 *
 * @param unit text that follows the total, such as ` MiB`
 */
export function progressBar ({ stderr }: Terminal, total: number, unit = ''): ProgressBar {
  let cancelCleanUp: (() => void) | undefined
  const endLine = (): void => { stderr.lines(['']) }
  return {
    draw (done) {
      if (!stderr.isTerminal) return
      cancelCleanUp ??= cleanUpOnExit(endLine)
      const full = Math.floor(length * done / total)
      stderr.redraw(`[${'#'.repeat(full)}${'.'.repeat(length - full)}] ${done} of ${total}${unit}`)
    },
    end () {
      if (cancelCleanUp === undefined) return
      cancelCleanUp()
      cancelCleanUp = undefined
      endLine()
    }
  }
}
