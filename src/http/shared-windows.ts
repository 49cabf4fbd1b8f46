import { LRUCache } from 'lru-cache'
import type { Monotonic } from '#src/clock'
import { getOrCreate } from '#src/collections/get-or-create'
import type { Limit } from '#src/config/limits'
import type { Shared } from '#src/shared/shared'
import { maximumKeys, type Counted, type RequestCounter } from './request-counter.ts'
import type { Report, WindowSync } from './window-sync.ts'

/** The requests of a key in a window, as far as this replica knows. */
interface Window {
  /** The limit that applied to the latest request. */
  limit: Limit
  /** The end of the window, on the monotonic clock. */
  ends: number
  /** The number of requests to all replicas that the server has counted. */
  known: number
  /** The number of allowed requests to this replica that the server has not confirmed. */
  unconfirmed: number
  /** The number of allowed requests to this replica. */
  own: number
  /** The requests that wait for the server to count them. */
  waiting: ((counted: Counted) => void)[]
  readonly report: Report
}

/** A key: the name of its counter on the server, and the latest window. */
interface Entry {
  readonly name: string
  window?: Window
}

/**
 * The fraction by which the replicas together may exceed a limit, because each replica allows some requests before the others
 * know about them.
 */
const tolerance = 0.1

/** The part of the shared state that the windows need. */
type Server = Pick<Shared, 'key' | 'hidden' | 'isUp' | 'replicas'>

/**
 * Creates a counter of the requests to all replicas. A replica allows a limited number of requests immediately, and reports them
 * to the server in the background. This number is its share of the remaining requests or its share of a tenth of the limit,
 * whichever is smaller. Further requests wait until the server has counted them. So no request waits while its key is far from
 * the limit, and the last requests before the limit are counted exactly. At worst, the replicas exceed the limit by a tenth, or
 * by one request for each additional replica.
 *
 * While the server can't be used, each replica allows its share of the limit.
 *
 * @param purpose the name of the limit
 */
export function sharedWindows (server: Server, sync: WindowSync, monotonic: Monotonic, purpose: string): RequestCounter {
  const { key, hidden, isUp, replicas } = server
  const keys = new LRUCache<string, Entry>({ max: maximumKeys })

  /** Returns the number of requests that this replica may allow before they are confirmed. */
  function unconfirmedLimit ({ known, limit: { requests } }: Window): number {
    const count = replicas()
    return Math.min(Math.floor((requests - known) / count), Math.ceil(requests * tolerance / count))
  }

  function allow (window: Window): void {
    window.unconfirmed += 1
    window.own += 1
  }

  const leftIn = ({ ends }: Window): number => Math.max(0, ends - monotonic())

  function countedBy (window: Window, isAllowed: boolean): Counted {
    const { limit: { requests }, known, unconfirmed } = window
    return { isAllowed, requests, remaining: Math.max(0, requests - known - unconfirmed), left: leftIn(window) }
  }

  /** Counts a request without the server. */
  function countAlone (window: Window): Counted {
    const { limit, known, unconfirmed, own } = window
    const requests = Math.max(1, Math.floor(limit.requests / replicas()))
    const isAllowed = own < requests && known + unconfirmed < limit.requests
    if (isAllowed) allow(window)
    return { isAllowed, requests, remaining: isAllowed ? requests - window.own : 0, left: leftIn(window) }
  }

  function open (name: string, limit: Limit): Window {
    let sent = 0
    let asked: Window['waiting'] = []
    const report: Report = {
      key: name,
      length: limit.window,
      take () {
        sent = window.unconfirmed
        asked = window.waiting
        window.waiting = []
        return sent + asked.length
      },
      learn (count, left) {
        const allowed = window.limit.requests - (count - asked.length)
        window.unconfirmed -= sent
        window.known = count
        window.ends = monotonic() + left
        for (const [index, decide] of asked.entries()) {
          const isAllowed = index < allowed
          if (isAllowed) window.own += 1
          decide(countedBy(window, isAllowed))
        }
      },
      fail () { for (const decide of asked) decide(countAlone(window)) }
    }
    const window: Window = { limit, ends: monotonic() + limit.window, known: 0, unconfirmed: 0, own: 0, waiting: [], report }
    return window
  }

  function count (window: Window): Counted | Promise<Counted> {
    if (!isUp()) return countAlone(window)
    if (window.known >= window.limit.requests) return countedBy(window, false)
    const most = unconfirmedLimit(window)
    if (window.unconfirmed < most) {
      allow(window)
      const isUrgent = window.known === 0 || window.unconfirmed * 2 >= most
      if (isUrgent) sync.atOnce(window.report)
      else sync.soon(window.report)
      return countedBy(window, true)
    }
    return new Promise((resolve) => {
      window.waiting.push(resolve)
      sync.atOnce(window.report)
    })
  }

  return (text, limit) => {
    const entry = getOrCreate(keys, text, (): Entry => ({ name: key('limit', purpose, hidden(`limit ${purpose}`, text)) }))
    if (entry.window === undefined || monotonic() >= entry.window.ends) entry.window = open(entry.name, limit)
    entry.window.limit = limit
    return count(entry.window)
  }
}
