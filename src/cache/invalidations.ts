import type { Shared } from '#src/shared/shared'
import type { Change } from './change.ts'

/** The cache to which the changes of other replicas are applied. */
interface OutdatedCache {
  readonly learn: (change: Change) => void
  readonly flush: () => void
}

/** Announces changes to the other replicas, and applies theirs. */
export interface Invalidations {
  /** Announces a change to the other replicas. Does not wait for them. */
  readonly announce: (change: Change) => void
  /** Applies the changes that other replicas have announced. Flushes the cache whenever it may have missed some. */
  readonly applyTo: (cache: OutdatedCache) => void
}

/**
 * The maximum number of changes that wait to be announced while the server can't be used. If there are more, the other replicas
 * are told to flush their caches instead.
 */
const maximumWaiting = 10_000

/** The maximum number of changes in a message. */
const maximumInMessage = 500

/** The milliseconds after which a failed announcement is repeated. */
const retryAfter = 100

/** The minimum number of milliseconds between two flushes that other replicas request. */
const flushEvery = 1_000

/**
 * The maximum number of replicas whose latest message is remembered. Beyond it, the replica that has been silent for longest is
 * forgotten.
 */
const maximumSenders = 1_000

/** A message: its sender, its number among the sender's messages, and the changes; `all` if there were too many to name. */
interface Message {
  readonly from: string
  readonly number: number
  readonly changes: readonly Change[] | 'all'
}

/**
 * Connects the caches of the replicas. A message names the secrets that have changed. It contains no value and no version. A
 * replica applies each message only once, so replayed messages can't make it read its secrets again and again.
 */
export function shareInvalidations (
  { replicaId, isUp, publish, onMessage, onUp }: Pick<Shared, 'replicaId' | 'isUp' | 'publish' | 'onMessage' | 'onUp'>
): Invalidations {
  /** The changes to announce, by the name of the secret. A later change of a secret replaces the earlier one. */
  let waiting = new Map<string, Change>()
  let isTooMuch = false
  let isScheduled = false
  let retry: NodeJS.Timeout | undefined
  let sent = 0

  function add (change: Change): void {
    const { settlingTime = 0 } = waiting.get(change.secret) ?? {}
    waiting.set(change.secret, { ...change, settlingTime: Math.max(settlingTime, change.settlingTime) })
    if (waiting.size <= maximumWaiting) return
    waiting = new Map()
    isTooMuch = true
  }

  /**
   * Announces the waiting changes. Repeats failed announcements a moment later, because `onUp` is not called after a very short
   * outage, or after the server has refused a single command.
   */
  function announceWaiting (): void {
    isScheduled = false
    if (!isUp()) {
      announceLater()
      return
    }
    const changes = [...waiting.values()]
    const isFlush = isTooMuch
    waiting = new Map()
    isTooMuch = false
    if (isFlush) {
      send('all').catch(() => {
        isTooMuch = true
        announceLater()
      })
    }
    for (let start = 0; start < changes.length; start += maximumInMessage) {
      const some = changes.slice(start, start + maximumInMessage)
      send(some).catch(() => {
        for (const change of some) if (!waiting.has(change.secret)) add(change)
        announceLater()
      })
    }
  }

  function announceLater (): void {
    if (waiting.size === 0 && !isTooMuch) return
    retry ??= setTimeout(() => {
      retry = undefined
      announceWaiting()
    }, retryAfter).unref()
  }

  async function send (changes: Message['changes']): Promise<void> {
    sent += 1
    const message: Message = { from: replicaId, number: sent, changes }
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
      const isRepeated = rememberNumbers()
      const flush = atMostEvery(flushEvery, cache.flush)
      onMessage('invalidations', (text) => {
        // Only a member of the fleet can have sent the message, so its type is known.
        const { from, number, changes } = JSON.parse(text) as Message
        if (from === replicaId || isRepeated(from, number)) return
        if (changes === 'all') flush()
        else for (const change of changes) cache.learn(change)
      })
      onUp((isNew) => {
        if (isNew) cache.flush()
        announceWaiting()
      })
    }
  }
}

/**
 * Returns a function that checks whether a message has been received before. The messages of a replica arrive in the order of
 * their numbers, because a message that could not be sent in time gets another number when it is sent again.
 */
function rememberNumbers (): (from: string, number: number) => boolean {
  /** The number of the latest message of each replica. The replica that has been silent for longest comes first. */
  const latest = new Map<string, number>()
  return (from, number) => {
    if (number <= (latest.get(from) ?? 0)) return true
    latest.delete(from)
    latest.set(from, number)
    for (const silent of latest.keys()) if (latest.size > maximumSenders) latest.delete(silent)
    return false
  }
}

/**
 * Limits how often a function is called. Calls it at once, or at the end of the interval if the last call was less than an
 * interval ago.
 */
function atMostEvery (milliseconds: number, call: () => void): () => void {
  let isWanted = false
  let timer: NodeJS.Timeout | undefined
  return function request () {
    isWanted = true
    if (timer !== undefined) return
    isWanted = false
    call()
    timer = setTimeout(() => {
      timer = undefined
      if (isWanted) request()
    }, milliseconds).unref()
  }
}
