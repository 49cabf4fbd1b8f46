import { setTimeout as passing } from 'node:timers/promises'
import { errorCode, Problem } from '#src/problems/problem'
import { waitingQueue, type Capacity, type Waiting } from './queue.ts'
import { encodeEntry, type RequestEntry } from './record.ts'
import { UnusableTrail } from './settings.ts'
import { chainWriter, type Seal, type WriterOptions } from './writer.ts'

export interface TrailOptions extends WriterOptions {
  /** Milliseconds that a write may take, before what waits for it is refused. */
  patience: number
  /** What may wait to be written, and be written, at most. */
  capacity?: Capacity
  /** Milliseconds until another try, where it can't be written. */
  retryAfter?: number
  /** Is told when it can't be written any more: what failed, or that it hangs. */
  onFailure?: (reason: string) => void
}

/** The audit trail: what has been appended stays, whatever happens to the process. */
export interface Trail {
  /**
   * Writes the records of one moment of a request, together.
   *
   * @returns the sequence of the first, once all are as durable as was asked for
   * @throws Problem `audit-unavailable` where that can't be had in time
   */
  append: (entries: readonly RequestEntry[]) => Promise<number>
  /** Whether a record would be written now. */
  readonly isWritable: boolean
  /** Whether a write hangs, so that the process can't end in order. */
  readonly hangs: boolean
  /** Goes on in another file, where the one that is written was moved away. */
  reopen: () => void
  /** Seals the trail, and ends. */
  close: () => Promise<void>
}

/**
 * Opens a trail and writes its first record. Where that fails for want of room, say, it is tried again until it can be written.
 *
 * @throws UnusableTrail where no waiting would help
 */
export async function openTrail (options: TrailOptions): Promise<Trail> {
  const { sink, patience, now = Date.now, onFailure = () => undefined, retryAfter = 1_000 } = options
  const writer = chainWriter(options)
  const queue = waitingQueue(options.capacity ?? { records: 100_000, bytes: 64 * 1024 * 1024 })
  const timers: { retry?: NodeJS.Timeout, checkpoint?: NodeJS.Timeout } = {}
  let working: Promise<void> | undefined
  let failure: unknown
  let hangs = false
  let isClosed = false
  let isToBeChecked = false
  let seal: Seal | undefined

  function refuse (group: readonly Waiting[]): void {
    writer.note({ refused: group.length })
    for (const { reject } of queue.release(group)) reject(new Problem('audit-unavailable'))
  }

  async function writeGroup (): Promise<void> {
    const group = queue.next()
    const watchdog = setTimeout(() => {
      hangs = true
      refuse(group.splice(0))
      refuse(queue.all())
      onFailure('hangs')
    }, patience)
    try {
      const [checks, seals] = [isToBeChecked, seal]
      isToBeChecked = false
      if (checks) await sink.check()
      const { written, firsts } = await writer.commit(group.map(({ members }) => members), seals)
      if (hangs) writer.note({ late: written })
      for (const [index, { resolve }] of queue.release(group).entries()) resolve(firsts[index] ?? 0)
      failure = undefined
      if (seal === seals) seal = undefined
    } catch (error) {
      if (failure === undefined) onFailure(error instanceof UnusableTrail ? error.message : errorCode(error))
      failure = error
      refuse(group)
      refuse(queue.all())
    } finally {
      clearTimeout(watchdog)
      hangs = false
    }
  }

  async function work (): Promise<void> {
    do await writeGroup(); while (failure === undefined && (queue.length > 0 || writer.hasPendingNotices || seal !== undefined))
    working = undefined
    if (isClosed) return
    clearTimeout(timers.retry)
    if (failure !== undefined) timers.retry = setTimeout(wake, retryAfter).unref()
    else if (writer.needsCheckpoint) timers.checkpoint ??= setTimeout(writeCheckpoint, options.checkpointEvery?.milliseconds ?? 60_000).unref()
  }

  function wake (): void {
    working ??= work()
  }

  /** Also what is not followed by anything for a while gets its checkpoint. */
  function writeCheckpoint (): void {
    delete timers.checkpoint
    if (!writer.needsCheckpoint) return
    seal ??= 'checkpoint'
    wake()
  }

  const isWritable = (): boolean => failure === undefined && !hangs && !isClosed

  wake()
  await working
  if (failure instanceof UnusableTrail) {
    clearTimeout(timers.retry)
    await sink.close()
    throw failure
  }

  return {
    get isWritable () {
      return isWritable()
    },
    get hangs () {
      return hangs
    },
    async append (entries) {
      const time = now()
      const added = isWritable() ? queue.add(entries.map((entry) => encodeEntry(entry, time))) : undefined
      if (added === undefined) {
        writer.note({ refused: 1 })
        throw new Problem('audit-unavailable')
      }
      wake()
      return added
    },
    reopen () {
      isToBeChecked = true
      wake()
    },
    async close () {
      isClosed = true
      seal = 'close'
      for (const timer of Object.values(timers)) clearTimeout(timer)
      const end = async (): Promise<void> => {
        wake()
        await working
        await sink.close()
      }
      const waiting = new AbortController()
      await Promise.race([end(), passing(patience, undefined, { signal: waiting.signal })])
      waiting.abort()
    }
  }
}
