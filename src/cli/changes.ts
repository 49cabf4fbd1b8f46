import { setTimeout } from 'node:timers/promises'
import { followSecrets, GatewayProblem, type FollowOptions, type GatewayClient } from '#src/client/client'

export interface ChangesOptions extends Pick<FollowOptions, 'namePrefix' | 'names'> {
  readonly signal: AbortSignal
  /** The interval, in seconds, at which the function yields if the gateway can't report changes. */
  readonly seconds: number
  /** Called once if the gateway can't report changes. */
  readonly onRefusal: (problem: GatewayProblem) => void
}

/**
 * Yields whenever secrets may have changed: when the gateway reports a change, and once more after the interval, because AWS may
 * still return the old value at first. If the gateway can't report changes, yields at the interval.
 *
 * @throws the signal's reason
 */
export async function* changesOf (
  gateway: GatewayClient, env: string, { seconds, onRefusal, ...selection }: ChangesOptions
): AsyncGenerator<void, never> {
  const { signal } = selection
  const stream = followSecrets(gateway, env, selection)
  const nextChange = (): Promise<'change'> => {
    const next = stream.next().then(() => 'change' as const)
    // A refusal may arrive while the caller reads the secrets. It is thrown when the next change is awaited.
    next.catch(() => undefined)
    return next
  }
  let next: Promise<'change'> | undefined = nextChange()
  let isConfirmed = false
  for (;;) {
    const timer = new AbortController()
    const interval = setTimeout(seconds * 1_000, 'interval' as const, { signal: AbortSignal.any([signal, timer.signal]) })
    interval.catch(() => undefined)
    try {
      const event: 'change' | 'interval' = await Promise.race([next ?? interval, ...isConfirmed ? [] : [interval]])
      signal.throwIfAborted()
      isConfirmed = event === 'interval' && next !== undefined
      if (event === 'change') next = nextChange()
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
