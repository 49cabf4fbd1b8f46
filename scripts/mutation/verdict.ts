/** The number of mutants that were tried, and the number that the tests detected. */
interface Counts {
  readonly noticed: number
  readonly tried: number
}

/**
 * Returns true if the sample proves, with 99 % confidence, that the tests detect too few mutants. So a small sample fails only if
 * it is very bad.
 *
 * @param least the fraction of mutants that the tests should detect, from 0 to 1
 */
export function isCertainlyBelow (least: number, { noticed, tried }: Counts): boolean {
  // The probability that exactly `misses` mutants are not detected, and the probability that fewer than `misses` are not.
  let [exactly, fewer] = [least ** tried, 0]
  for (let misses = 0; misses < tried - noticed; misses += 1) {
    fewer += exactly
    exactly *= (tried - misses) / (misses + 1) * (1 - least) / least
  }
  return 1 - fewer < 0.01
}

/**
 * Returns the 95 % confidence interval of the fraction of mutants that the tests detect (Wilson's score interval). The sample
 * must not be empty.
 */
export function confidenceInterval ({ noticed, tried }: Counts): [low: number, high: number] {
  const z = 1.96
  const part = noticed / tried
  const weight = 1 + z ** 2 / tried
  const centre = (part + z ** 2 / (2 * tried)) / weight
  const margin = z / weight * Math.sqrt(part * (1 - part) / tried + z ** 2 / (4 * tried ** 2))
  return [centre - margin, centre + margin]
}
