import { isatty } from 'node:tty'
import { destination } from 'pino'

/** The limits on batches of log lines. */
interface BatchLimits {
  /** The size, in bytes, at which a batch is written. */
  readonly batchBytes: number
  /** The longest time, in milliseconds, that a line waits for the rest of its batch. */
  readonly delay: number
  /** The maximum size, in bytes, of the lines that wait while the destination is blocked. Further lines are dropped. */
  readonly waitingBytes: number
}

export const defaults: BatchLimits = { batchBytes: 64 * 1024, delay: 100, waitingBytes: 4 * 1024 * 1024 }

export type LogDestination = ReturnType<typeof destination>

/**
 * Opens the destination of the log. A terminal gets each line at once. Other destinations get batches, which are written
 * asynchronously, because a synchronous write per line is slow compared with a read from the cache, and a full pipe would block
 * the event loop. If the collector stops reading, lines are dropped and the gateway continues.
 *
 * @param descriptor the file descriptor of standard output or standard error
 * @param onDropped called with the number of dropped lines as soon as the destination accepts lines again
 */
export function logDestination (
  descriptor: number, onDropped: (lines: number) => void, { batchBytes, delay, waitingBytes }: BatchLimits = defaults
): LogDestination {
  if (isatty(descriptor)) return destination({ fd: descriptor, sync: true })
  let dropped = 0
  const batches = { minLength: batchBytes, maxWrite: 2 * batchBytes, periodicFlush: delay, maxLength: waitingBytes }
  const log = destination({ fd: descriptor, sync: false, contentMode: 'buffer', ...batches })
    .on('drop', () => { dropped += 1 })
    .on('drain', () => {
      if (dropped > 0) onDropped(dropped)
      dropped = 0
    })
  // With text, sonic-boom measures the whole batch for each added line. With bytes, it knows the length.
  const write = log.write.bind(log) as unknown as (line: Buffer) => boolean
  log.write = (line) => write(Buffer.from(line))
  return log
}
