import type { Difference } from './differences.ts'
import type { Failure, TapResults } from './tap-results.ts'

/** How a run on moto's server compares with the table of differences. */
export interface Comparison {
  /** Tests that assert something. */
  tests: number
  passed: number
  /** Tests of which each failure is in the table. */
  different: number
  /** Failures that are not in the table. */
  unexpected: Failure[]
  /** What is in the table and did not fail. */
  stale: Place[]
}

/** An assertion of a test, as the table names it. */
export interface Place {
  file: string
  test: string
  /** A part of its line that no other line of the test has. */
  line: string
}

/** The places that the table names. */
export const placesOf = (differences: readonly Difference[]): Place[] => differences.flatMap(({ places }) =>
  Object.entries(places).flatMap(([file, tests]) =>
    Object.entries(tests).flatMap(([test, lines]) => lines.map((line) => ({ file, test, line })))))

/**
 * Holds what failed against the table of differences.
 *
 * @param lineOf the text of a line of a file, counted from 1
 */
export function compare (results: TapResults, differences: readonly Difference[], lineOf: (file: string, line: number) => string): Comparison {
  const places = placesOf(differences)
  const isAt = (failure: Failure, place: Place): boolean => failure.file === place.file && failure.test === place.test &&
    failure.line !== undefined && lineOf(failure.file, failure.line).includes(place.line)
  const idOf = ({ file, test }: Failure): string => `${file} > ${test}`

  const tests = [...results.tests.values()].reduce((sum, { size }) => sum + size, 0)
  const unexpected = results.failures.filter((failure) => !places.some((place) => isAt(failure, place)))
  const failed = new Set(results.failures.map(idOf))
  return {
    tests,
    passed: tests - failed.size,
    different: failed.size - new Set(unexpected.map(idOf)).size,
    unexpected,
    stale: places.filter((place) => !results.failures.some((failure) => isAt(failure, place)))
  }
}
