import { setTimeout } from 'node:timers/promises'
import { followSecrets, GatewayProblem, type FollowOptions, type GatewayClient } from '#src/client/client'

/** The options of `changesOf`. */
export interface ChangesOptions extends Pick<FollowOptions, 'namePrefix' | 'names'> {
  readonly signal: AbortSignal
  /** The interval at which the secrets may have changed, if the gateway can't tell of changes. */
  readonly seconds: number
  /** Called once if the gateway can't tell of changes. */
  readonly onRefusal: (problem: GatewayProblem) => void
}

/**
 * Yields whenever secrets may have changed: when the gateway tells of a change, and once more after the interval, because AWS may
 * still have shown the old value at first. If the gateway can't tell of changes, yields at the interval.
 *
 * @throws the reason of the signal
 */
export async function* changesOf (
  gateway: GatewayClient, env: string, { seconds, onRefusal, ...selection }: ChangesOptions
): AsyncGenerator<void, never> {
  const { signal } = selection
  const told = followSecrets(gateway, env, selection)
  const nextChange = (): Promise<'told'> => {
    const next = told.next().then(() => 'told' as const)
    // A refusal may come while the caller reads the secrets. It is thrown when the next change is awaited.
    next.catch(() => undefined)
    return next
  }
  let next: Promise<'told'> | undefined = nextChange()
  let isConfirmed = false
  for (;;) {
    const timer = new AbortController()
    const interval = setTimeout(seconds * 1_000, 'interval' as const, { signal: AbortSignal.any([signal, timer.signal]) })
    interval.catch(() => undefined)
    try {
      const event: 'told' | 'interval' = await Promise.race([next ?? interval, ...isConfirmed ? [] : [interval]])
      signal.throwIfAborted()
      isConfirmed = event === 'interval' && next !== undefined
      if (event === 'told') next = nextChange()
    } catch (error) {
      if (!(error instanceof GatewayProblem)) throw error
      onRefusal(error)
      next = undefined
      isConfirmed = false
      continue
    } finally {
      timer.abort()
    }
    yield
  }
}
