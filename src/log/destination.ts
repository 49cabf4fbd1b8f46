import { isatty } from 'node:tty'
import { destination } from 'pino'

/** The bounds of a batch of log lines. */
interface BatchLimits {
  /** The size, in bytes, at which a batch is written. */
  readonly batchBytes: number
  /** The longest time, in milliseconds, that a line waits for the rest of its batch. */
  readonly delay: number
  /** The size, in bytes, of all lines that may wait while the destination takes none. Further lines are dropped. */
  readonly waitingBytes: number
}

const defaults: BatchLimits = { batchBytes: 64 * 1024, delay: 100, waitingBytes: 4 * 1024 * 1024 }

/** The destination of the log. */
export type LogDestination = ReturnType<typeof destination>

/**
 * Opens the destination of the log. A terminal gets each line at once. Other destinations get batches, because a write for each
 * line would cost more than many requests, and the event loop does not wait for them. If the collector stops reading, the gateway
 * goes on and drops lines, instead of hanging with it.
 *
 * @param descriptor the file descriptor of standard output or standard error
 * @param onDropped called with the number of dropped lines as soon as the destination takes lines again
 */
export function logDestination (
  descriptor: number, onDropped: (lines: number) => void, { batchBytes, delay, waitingBytes }: BatchLimits = defaults
): LogDestination {
  if (isatty(descriptor)) return destination({ fd: descriptor, sync: true })
  let dropped = 0
  const batches = { minLength: batchBytes, maxWrite: 2 * batchBytes, periodicFlush: delay, maxLength: waitingBytes }
  return destination({ fd: descriptor, sync: false, ...batches })
    .on('drop', () => { dropped += 1 })
    .on('drain', () => {
      if (dropped > 0) onDropped(dropped)
      dropped = 0
    })
}
