/** How many mutants were tried, and how many of them the tests noticed. */
interface Counts {
  readonly noticed: number
  readonly tried: number
}

/**
 * Returns true if the sample proves, with 99 % confidence, that the tests notice too few mutants. So a small sample fails only if
 * it is very bad.
 *
 * @param least the part of all mutants that the tests should notice, between 0 and 1
 */
export function isCertainlyBelow (least: number, { noticed, tried }: Counts): boolean {
  /** The probability of exactly `misses` unnoticed mutants, and the probability of fewer than were found. */
  let [exactly, fewer] = [least ** tried, 0]
  for (let misses = 0; misses < tried - noticed; misses += 1) {
    fewer += exactly
    exactly *= (tried - misses) / (misses + 1) * (1 - least) / least
  }
  return 1 - fewer < 0.01
}

/**
 * Returns the bounds between which lies, with 95 % confidence, the part of all mutants that the tests notice (Wilson's score
 * interval). The sample must not be empty.
 */
export function confidenceInterval ({ noticed, tried }: Counts): [low: number, high: number] {
  const z = 1.96
  const part = noticed / tried
  const weight = 1 + z ** 2 / tried
  const centre = (part + z ** 2 / (2 * tried)) / weight
  const margin = z / weight * Math.sqrt(part * (1 - part) / tried + z ** 2 / (4 * tried ** 2))
  return [centre - margin, centre + margin]
}
