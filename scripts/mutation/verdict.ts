/**
 * Returns true if the tests certainly notice fewer mutants than they should. If they noticed exactly as many as they should, a
 * sample this bad would be drawn less than once in a hundred times. So a small sample fails only if it is very bad.
 *
 * @param least the part of all mutants that the tests should notice, between 0 and 1
 */
export function isCertainlyBelow (least: number, { noticed, tried }: { noticed: number, tried: number }): boolean {
  /** The probability of a number of misses, and that of fewer misses than there were. */
  let [exactly, fewer] = [least ** tried, 0]
  for (let misses = 0; misses < tried - noticed; misses += 1) {
    fewer += exactly
    exactly *= (tried - misses) / (misses + 1) * (1 - least) / least
  }
  return 1 - fewer < 0.01
}
