import { setImmediate as immediate } from 'node:timers/promises'
import { monotonic as processClock } from '#src/clock'
import { errorCode, Problem } from '#src/problems/problem'
import { holdersOf } from './holders.ts'
import { waitingQueue, type Capacity, type PendingAppend } from './queue.ts'
import { encodeEntry, type RequestEntry } from './record.ts'
import { UnusableTrail } from './settings.ts'
import { watchdog } from './watchdog.ts'
import { chainWriter, defaultCheckpoints, type Seal, type WriterOptions } from './writer.ts'

export interface TrailOptions extends WriterOptions {
  /**
   * Milliseconds that a write may take before the appends that wait for it are refused. `watchdog` explains how this time is
   * measured.
   */
  writeTimeout: number
  /** The maximum number and size of the records that are queued or being written. */
  capacity?: Capacity
  /** Milliseconds between a failed write and the next attempt. */
  retryAfter?: number
  /** Called when the trail becomes unwritable: with the error's code or message, or with `hangs` if a write doesn't return. */
  onFailure?: (reason: string) => void
}

/** Statistics about a trail's appends and writes. */
export interface TrailState {
  /** The number of appends that have been written. */
  written: number
  /** The number of writes, each of which may contain many appends. */
  writes: number
  /** The number of appends that were refused. */
  refused: number
  /** The number of appends that are waiting to be written. */
  readonly waiting: number
  /** The total time of all writes, in milliseconds. */
  writing: number
}

/** The audit trail. Appended records survive a crash of the process. */
export interface Trail {
  /**
   * Appends records in one write.
   *
   * @returns the sequence number of the first record, once all have the configured durability
   * @throws Problem `audit-unavailable` if they can't be written in time
   * @throws Problem `overloaded` if too many records of the same caller, or of the same address, wait to be written
   */
  append: (entries: readonly RequestEntry[]) => Promise<number>
  /** False while every append is refused, because a write failed or hangs or because the trail is closed. */
  readonly isWritable: boolean
  /** True while a write exceeds its timeout. Until the write returns, Node.js can't exit, only be killed. */
  readonly hangs: boolean
  /** Statistics about the trail's appends and writes. */
  readonly state: Readonly<TrailState>
  /** Continues in a new file if the current one was moved away. */
  reopen: () => void
  /** Writes the `close` record and closes the trail. */
  close: () => Promise<void>
}

const unrecorded = (code: 'audit-unavailable' | 'overloaded'): Problem => new Problem(code, { unrecorded: true })

/**
 * Opens a trail and writes the `start` record. If that fails temporarily, for example because the disk is full, returns a trail
 * that refuses all appends and retries until the `start` record is written.
 *
 * @throws UnusableTrail if a retry would not help
 */
export async function openTrail (options: TrailOptions): Promise<Trail> {
  const { sink, writeTimeout, now = Date.now, monotonic = processClock } = options
  const { onFailure = () => undefined, retryAfter = 1_000 } = options
  const writer = chainWriter(options)
  const queue = waitingQueue(options.capacity ?? { records: 100_000, bytes: 64 * 1024 * 1024 })
  const checkpointInterval = (options.checkpointEvery ?? defaultCheckpoints).milliseconds
  const state = { written: 0, writes: 0, refused: 0, writing: 0 }
  const timers: { retry?: NodeJS.Timeout, checkpoint?: NodeJS.Timeout } = {}
  let working: Promise<void> | undefined
  let failure: unknown
  let hangs = false
  let isClosed = false
  let checkRequested = false
  let seal: Seal | undefined

  function refuse (group: readonly PendingAppend[]): void {
    writer.note({ refused: group.length })
    state.refused += group.length
    for (const { reject } of queue.release(group)) reject(unrecorded('audit-unavailable'))
  }

  async function writeGroup (): Promise<void> {
    const group = queue.next()
    const appends = group.length
    const began = monotonic()
    const stopWatching = watchdog(writeTimeout, () => {
      hangs = true
      refuse(group.splice(0))
      refuse(queue.all())
      onFailure('hangs')
    })
    try {
      // The `close` record must be the last one, so it waits until the queue is empty.
      const [check, currentSeal] = [checkRequested, seal === 'close' && queue.length > 0 ? undefined : seal]
      checkRequested = false
      if (check) await sink.check()
      const { written, firstSequences } = await writer.commit(group.map(({ members }) => members), currentSeal)
      if (hangs) writer.note({ late: written })
      for (const [index, { resolve }] of queue.release(group).entries()) resolve(firstSequences[index] ?? 0)
      failure = undefined
      state.written += appends
      state.writes += 1
      state.writing += monotonic() - began
      if (seal === currentSeal) seal = undefined
    } catch (error) {
      if (failure === undefined) onFailure(error instanceof UnusableTrail ? error.message : errorCode(error))
      failure = error
      refuse(group)
      refuse(queue.all())
    } finally {
      stopWatching()
      hangs = false
    }
  }

  async function work (): Promise<void> {
    await writeGroup()
    while (failure === undefined && (queue.length > 0 || writer.hasPendingNotices || seal !== undefined)) {
      // Lets requests that arrive together share a write, because each write signs twice and waits for the disk.
      await immediate()
      await writeGroup()
    }
    working = undefined
    if (isClosed) return
    clearTimeout(timers.retry)
    if (failure !== undefined) timers.retry = setTimeout(wake, retryAfter).unref()
    else if (writer.needsCheckpoint) timers.checkpoint ??= setTimeout(writeCheckpoint, checkpointInterval).unref()
  }

  function wake (): void {
    working ??= work()
  }

  /** Writes a checkpoint if request records were written since the last control record. */
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
    get state () {
      return { ...state, waiting: queue.length }
    },
    // This is not an async function, because that would delay the result by several microtasks.
    append (entries) {
      const time = now()
      const added = isWritable() ? queue.add(entries.map((entry) => encodeEntry(entry, time)), holdersOf(entries)) : 'full'
      if (added instanceof Promise) {
        wake()
        return added
      }
      writer.note({ refused: 1 })
      state.refused += 1
      return Promise.reject(added === 'full' ? unrecorded('audit-unavailable') : unrecorded('overloaded'))
    },
    reopen () {
      checkRequested = true
      wake()
    },
    async close () {
      isClosed = true
      seal = 'close'
      for (const timer of Object.values(timers)) clearTimeout(timer)
      const flush = async (): Promise<void> => {
        wake()
        await working
        await sink.close()
      }
      await new Promise<void>((resolve, reject) => {
        const stopWatching = watchdog(writeTimeout, resolve)
        flush().finally(stopWatching).then(resolve, reject)
      })
    }
  }
}
