import { getOrCreate } from '#src/collections/get-or-create'

/** The limits of a queue: the number of records, and their total size in bytes. */
export interface Capacity {
  readonly records: number
  readonly bytes: number
}

/** A caller or an address whose requests are recorded. An append uses up the shares of all its holders. */
export interface Holder {
  readonly id: string
  /** The fraction of the queue that the holder can use, from 0 to 1. */
  readonly share: number
}

/** The encoded records of one append, and the functions that settle its promise. */
export interface PendingAppend {
  readonly members: readonly string[]
  readonly bytes: number
  readonly holders: readonly Holder[]
  readonly resolve: (sequence: number) => void
  readonly reject: (problem: Error) => void
}

/** A bounded queue of appends. Removed appends count against the limits until they are released. */
export interface Queue {
  readonly length: number
  /**
   * Queues the records of an append.
   *
   * @returns a promise of the first record's sequence number; `full` if the queue has no room; `share-used-up` if a holder's
   * share has no room. A holder with an empty share always has room, so a large append is not refused forever.
   */
  add: (members: readonly string[], holders: readonly Holder[]) => Promise<number> | 'full' | 'share-used-up'
  /** Removes and returns the appends for the next write. */
  next: () => PendingAppend[]
  /** Removes and returns all queued appends. */
  all: () => PendingAppend[]
  /** Releases removed appends, so that they no longer count against the limits. Returns the same appends. */
  release: (group: readonly PendingAppend[]) => readonly PendingAppend[]
}

/** The maximum size, in bytes, of a write that combines several appends. A larger append is written on its own. */
const groupBytes = 4 * 1024 * 1024

/** The estimated size, in bytes, of the other parts of a line: the sequence number, the hashes and the signature. */
const frameBytes = 250

interface Held {
  records: number
  bytes: number
}

function addTo (held: Held, { records, bytes }: Held): void {
  held.records += records
  held.bytes += bytes
}

export function waitingQueue (capacity: Capacity): Queue {
  const waiting: PendingAppend[] = []
  const all: Held = { records: 0, bytes: 0 }
  const byHolder = new Map<string, Held>()

  const fits = (held: Held, { records, bytes }: Held, share: number): boolean =>
    held.records + records <= capacity.records * share && held.bytes + bytes <= capacity.bytes * share

  function hasRoom ({ id, share }: Holder, added: Held): boolean {
    const held = byHolder.get(id)
    return held === undefined || fits(held, added, share)
  }

  function count (holders: readonly Holder[], added: Held): void {
    addTo(all, added)
    for (const { id } of holders) {
      const held = getOrCreate(byHolder, id, () => ({ records: 0, bytes: 0 }))
      addTo(held, added)
      if (held.records === 0) byHolder.delete(id)
    }
  }

  return {
    get length () {
      return waiting.length
    },
    add (members, holders) {
      const bytes = members.reduce((sum, text) => sum + Buffer.byteLength(text) + frameBytes, 0)
      const added = { records: members.length, bytes }
      if (!fits(all, added, 1)) return 'full'
      if (!holders.every((holder) => hasRoom(holder, added))) return 'share-used-up'
      count(holders, added)
      return new Promise((resolve, reject) => { waiting.push({ members, bytes, holders, resolve, reject }) })
    },
    next () {
      let bytes = 0
      const end = waiting.findIndex((one) => (bytes += one.bytes) > groupBytes)
      return waiting.splice(0, end < 0 ? waiting.length : Math.max(1, end))
    },
    all: () => waiting.splice(0),
    release (group) {
      for (const { members, bytes, holders } of group) count(holders, { records: -members.length, bytes: -bytes })
      return group
    }
  }
}
