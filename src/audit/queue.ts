/** The limits of a queue: the number of records, and their total size in bytes. */
export interface Capacity {
  readonly records: number
  readonly bytes: number
}

/** The encoded records of one append, and the functions that settle its promise. */
export interface PendingAppend {
  readonly members: readonly string[]
  readonly bytes: number
  readonly resolve: (sequence: number) => void
  readonly reject: (problem: Error) => void
}

/** A bounded queue of appends. Removed appends count against the limits until they are released. */
export interface Queue {
  readonly length: number
  /**
   * Queues the records of an append.
   *
   * @returns a promise of the first record's sequence number, or undefined if the queue is full
   */
  add: (members: readonly string[]) => Promise<number> | undefined
  /** Removes and returns the appends for the next write. */
  next: () => PendingAppend[]
  /** Removes and returns all queued appends. */
  all: () => PendingAppend[]
  /** Takes appends that were removed before. From now on, they no longer count against the limits. Returns the same appends. */
  release: (group: readonly PendingAppend[]) => readonly PendingAppend[]
}

/** The maximum size, in bytes, of a write that combines several appends. A larger append is written on its own. */
const groupBytes = 4 * 1024 * 1024

/** The estimated size, in bytes, of what a line contains besides the entry: the sequence number, hashes and signature. */
const frameBytes = 250

export function waitingQueue (capacity: Capacity): Queue {
  const waiting: PendingAppend[] = []
  const held = { records: 0, bytes: 0 }
  return {
    get length () {
      return waiting.length
    },
    add (members) {
      const bytes = members.reduce((sum, text) => sum + Buffer.byteLength(text) + frameBytes, 0)
      if (held.records + members.length > capacity.records || held.bytes + bytes > capacity.bytes) return undefined
      held.records += members.length
      held.bytes += bytes
      return new Promise((resolve, reject) => { waiting.push({ members, bytes, resolve, reject }) })
    },
    next () {
      let bytes = 0
      const end = waiting.findIndex((one) => (bytes += one.bytes) > groupBytes)
      return waiting.splice(0, end < 0 ? waiting.length : Math.max(1, end))
    },
    all: () => waiting.splice(0),
    release (group) {
      for (const { members, bytes } of group) {
        held.records -= members.length
        held.bytes -= bytes
      }
      return group
    }
  }
}
