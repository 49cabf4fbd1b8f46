import type { Test } from 'tap'

/**
 * Makes every computation take so long, by the process's clock, that each of its pieces is a turn of its own. Returns a function
 * that returns the number of iterations of the event loop since then.
 */
export function countIterations (t: Test): () => number {
  let time = performance.now()
  t.intercept(performance, 'now', { value: () => time++ })
  let iterations = 0
  const count = (): void => {
    iterations += 1
    counting = setImmediate(count)
  }
  let counting = setImmediate(count)
  t.teardown(() => { clearImmediate(counting) })
  return () => iterations
}
