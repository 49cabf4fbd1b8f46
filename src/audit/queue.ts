/** What may wait to be written at most. */
export interface Capacity {
  readonly records: number
  readonly bytes: number
}

/** The records of one moment of a request, and who waits for them. */
export interface Waiting {
  readonly members: readonly string[]
  readonly bytes: number
  readonly resolve: (sequence: number) => void
  readonly reject: (problem: Error) => void
}

/** Requests that wait for their records; bounded, with those that are being written. */
export interface Queue {
  readonly length: number
  /** Undefined where it is full. */
  add: (members: readonly string[]) => Promise<number> | undefined
  /** Takes out those whose records go into one write. */
  next: () => Waiting[]
  /** Takes out all. */
  all: () => Waiting[]
  /** Forgets some that were taken out, and gives them back. */
  release: (group: readonly Waiting[]) => readonly Waiting[]
}

/** Bytes after which a write takes no more requests. */
const groupBytes = 4 * 1024 * 1024

/** What a line has besides the members of its entry. */
const frameBytes = 250

export function waitingQueue (capacity: Capacity): Queue {
  const waiting: Waiting[] = []
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
