/**
 * Returns true if the sample proves, with 99 % confidence, that the tests notice too few mutants. So a small sample fails only if
 * it is very bad.
 *
 * @param least the part of all mutants that the tests should notice, between 0 and 1
 */
export function isCertainlyBelow (least: number, { noticed, tried }: { noticed: number, tried: number }): boolean {
  /** The probability of exactly `misses` unnoticed mutants, and the probability of fewer than were found. */
  let [exactly, fewer] = [least ** tried, 0]
  for (let misses = 0; misses < tried - noticed; misses += 1) {
    fewer += exactly
    exactly *= (tried - misses) / (misses + 1) * (1 - least) / least
  }
  return 1 - fewer < 0.01
}
