import type { Shared } from '#src/shared/shared'
import type { Change } from './change.ts'

/** The cache that the changes of other replicas make outdated. */
interface OutdatedCache {
  readonly learn: (change: Change) => void
  readonly flush: () => void
}

/** Tells the other replicas of changes, and learns of theirs. */
export interface Invalidations {
  /** Tells the other replicas. Does not wait for them. */
  readonly announce: (change: Change) => void
  /** Applies the changes that other replicas have announced. Flushes the cache whenever some of them may have been missed. */
  readonly applyTo: (cache: OutdatedCache) => void
}

/**
 * The maximum number of changes that wait to be announced while the server can't be used. If there are more, the other replicas
 * are told to flush their caches instead.
 */
const maximumWaiting = 10_000

/** The maximum number of changes in a message. */
const maximumInMessage = 500

/** A message: the replica that sends it, and the changes; `all` if there were too many to name. */
interface Message {
  readonly from: string
  readonly changes: readonly Change[] | 'all'
}

/** Connects the caches of the replicas. A message names the secrets that have changed. It contains no value and no version. */
export function shareInvalidations (
  { replicaId, isUp, publish, onMessage, onUp }: Pick<Shared, 'replicaId' | 'isUp' | 'publish' | 'onMessage' | 'onUp'>
): Invalidations {
  /** The changes to announce, by the name of the secret. A later change of a secret replaces the earlier one. */
  let waiting = new Map<string, Change>()
  let isTooMuch = false
  let isScheduled = false

  function add (change: Change): void {
    const { settlingTime = 0 } = waiting.get(change.secret) ?? {}
    waiting.set(change.secret, { ...change, settlingTime: Math.max(settlingTime, change.settlingTime) })
    if (waiting.size <= maximumWaiting) return
    waiting = new Map()
    isTooMuch = true
  }

  /** Announces what is waiting. What can't be announced waits until the server can be used again. */
  function announceWaiting (): void {
    isScheduled = false
    if (!isUp()) return
    const changes = [...waiting.values()]
    const isFlush = isTooMuch
    waiting = new Map()
    isTooMuch = false
    if (isFlush) send('all').catch(() => { isTooMuch = true })
    for (let start = 0; start < changes.length; start += maximumInMessage) {
      const some = changes.slice(start, start + maximumInMessage)
      send(some).catch(() => { for (const change of some) if (!waiting.has(change.secret)) add(change) })
    }
  }

  async function send (changes: Message['changes']): Promise<void> {
    const message: Message = { from: replicaId, changes }
    await publish('invalidations', JSON.stringify(message))
  }

  return {
    announce (change) {
      add(change)
      if (isScheduled) return
      isScheduled = true
      setImmediate(announceWaiting)
    },
    applyTo (cache) {
      onMessage('invalidations', (text) => {
        // Only a member of the fleet can have sent the message, so its type is known.
        const { from, changes } = JSON.parse(text) as Message
        if (from === replicaId) return
        if (changes === 'all') cache.flush()
        else for (const change of changes) cache.learn(change)
      })
      onUp((isNew) => {
        if (isNew) cache.flush()
        announceWaiting()
      })
    }
  }
}
