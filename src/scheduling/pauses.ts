import type { After } from './timeouts.ts'

/** Why a pause ended: it was woken, its time was up, or the gateway is shutting down. */
export type PauseEnd = 'woken' | 'over' | 'stopping'

export interface PauseOptions {
  /** The maximum duration of the pause. */
  readonly milliseconds: number
  /** Aborted when the caller disconnects. The pause is then rejected. */
  readonly signal: AbortSignal | undefined
  /** Called at the start with a function that ends the pause. Returns a function that is called at the end, to clean up. */
  readonly until: (wake: () => void) => () => void
}

/** The pauses of requests that wait for an event. */
export interface Pauses {
  /** Waits until the pause ends. @throws the signal's reason */
  readonly pause: (options: PauseOptions) => Promise<PauseEnd>
  readonly wakeAll: () => void
  /** Ends all pauses, and every later pause at once. */
  readonly stop: () => void
}

/** Creates the pauses. @param after sets their timeouts */
export function createPauses (after: After): Pauses {
  const current = new Set<(end: PauseEnd) => void>()
  let isStopping = false

  function endAll (end: PauseEnd): void {
    for (const finish of [...current]) finish(end)
  }

  return {
    async pause ({ milliseconds, signal, until }) {
      if (isStopping) return 'stopping'
      const { promise, resolve, reject } = Promise.withResolvers<PauseEnd>()
      const leave = (): void => { reject(signal?.reason as Error) }
      const cancel = after(milliseconds, () => { resolve('over') })
      const end = until(() => { resolve('woken') })
      current.add(resolve)
      signal?.addEventListener('abort', leave, { once: true })
      if (signal?.aborted === true) leave()
      return promise.finally(() => {
        signal?.removeEventListener('abort', leave)
        current.delete(resolve)
        cancel()
        end()
      })
    },
    wakeAll () { endAll('woken') },
    stop () {
      isStopping = true
      endAll('stopping')
    }
  }
}
