import t from 'tap'
import { createBudget, type Budget } from '#src/admission/budget'

/** Returns the largest number of bytes that the caller can reserve now. */
function largest ({ reserve }: Budget, callerId: string): number {
  for (let bytes = 1; ; bytes++) {
    try {
      reserve(callerId, bytes).release()
    } catch {
      return bytes - 1
    }
  }
}

t.test('a caller may hold at most as many bytes as remain free', async (t) => {
  const budget = createBudget(() => 120, () => 0)
  t.equal(largest(budget, 'a'), 60, 'half, if it is alone')
  const held = budget.reserve('a', 60)
  t.equal(largest(budget, 'a'), 0)
  t.equal(largest(budget, 'b'), 30, 'there is room for another one')
  const other = budget.reserve('b', 30)
  t.equal(largest(budget, 'c'), 15, 'and for a third one')
  held.release()
  t.equal(largest(budget, 'b'), 30)
  t.equal(largest(budget, 'a'), 45)
  other.release()
  t.equal(largest(budget, 'b'), 60)
})

t.test('a single byte counts', async (t) => {
  const budget = createBudget(() => 101, () => 0)
  budget.reserve('a', 1)
  t.equal(largest(budget, 'a'), 49)
  t.equal(largest(budget, 'b'), 50)
})

t.test('a reservation is released only once, as a whole or in parts', async (t) => {
  const budget = createBudget(() => 100, () => 0)
  const held = budget.reserve('a', 40)
  held.shrinkTo(70)
  t.equal(largest(budget, 'a'), 10, 'a reservation does not grow')
  held.shrinkTo(10)
  t.equal(largest(budget, 'a'), 40)
  held.release()
  held.release()
  held.shrinkTo(5)
  t.equal(largest(budget, 'a'), 50)
})

t.test('memory whose use can no longer be refused is counted even beyond the budget', async (t) => {
  const budget = createBudget(() => 100, () => 0)
  const charged = budget.charge('a', 150)
  t.throws(() => budget.reserve('b', 1), { code: 'overloaded' })
  charged.release()
  t.equal(largest(budget, 'b'), 50)
})

t.test('the size may change', async (t) => {
  let size = 100
  const budget = createBudget(() => size, () => 0)
  size = 200
  t.equal(largest(budget, 'a'), 100)
})

t.test('Retry-After is the time that it takes to free the missing bytes', async (t) => {
  let now = 0
  const budget = createBudget(() => 100_000, () => now)
  const retryAfter = (bytes: number): unknown => {
    try {
      budget.reserve('a', bytes)
    } catch (problem) {
      return (problem as { options: { retryAfter: number } }).options.retryAfter
    }
    return undefined
  }
  t.equal(retryAfter(50_001), 5, 'nothing is known yet')
  // 1,000 bytes are freed in each second.
  for (let count = 0; count < 100; count++) {
    now += 1_000
    budget.reserve('b', 1_000).release()
  }
  now += 1_000
  t.equal(retryAfter(50_001), 1, '2 bytes are missing')
  t.equal(retryAfter(60_000), 20, '20,000 bytes are missing')
  t.equal(retryAfter(60_001), 21, '20,002 bytes are missing')
  t.equal(retryAfter(10_000_000), 60, 'the longest time that is reported')
})
