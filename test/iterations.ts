import type { Test } from 'tap'

/**
 * Replaces the process's clock, so that each piece of a long computation seems to take a whole turn. Returns a function that
 * counts the iterations of the event loop since then.
 *
 * @param now returns the time instead, in milliseconds
 */
export function countIterations (t: Test, now?: () => number): () => number {
  let time = performance.now()
  t.intercept(performance, 'now', { value: now ?? (() => time++) })
  let iterations = 0
  const count = (): void => {
    iterations += 1
    counting = setImmediate(count)
  }
  let counting = setImmediate(count)
  t.teardown(() => { clearImmediate(counting) })
  return () => iterations
}
