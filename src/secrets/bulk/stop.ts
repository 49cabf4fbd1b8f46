import type { Scope } from '#src/secrets/scope'
import type { BulkStop } from './schemas.ts'

/**
 * Returns the signal that stops work on many secrets whose caller waits for the result. The abort reason is a `BulkStop`:
 * `caller-gone` when the caller closes the connection, or the reason of `stopping`.
 */
export function stopSignal ({ signal }: Scope, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController()
  const leave = (): void => { gone.abort('caller-gone' satisfies BulkStop) }
  if (signal?.aborted === true) leave()
  signal?.addEventListener('abort', leave, { once: true })
  return AbortSignal.any([stopping, gone.signal])
}
