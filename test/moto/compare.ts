import type { Difference } from './differences.ts'
import type { Failure, TapResults } from './tap-results.ts'

/** The results of a run on moto's server, compared with the table of differences. */
export interface Comparison {
  /** The number of tests that have assertions. */
  tests: number
  passed: number
  /** The number of tests whose failures are all in the table. */
  different: number
  /** Failures that are not in the table. */
  unexpected: Failure[]
  /** Assertions that are in the table but did not fail. */
  stale: Place[]
}

/** An assertion in the table. */
export interface Place {
  file: string
  test: string
  /** A part of the assertion's line. It occurs in no other line of the test. */
  line: string
}

/** Returns all assertions in the table. */
export const placesOf = (differences: readonly Difference[]): Place[] => differences.flatMap(({ places }) =>
  Object.entries(places).flatMap(([file, tests]) =>
    Object.entries(tests).flatMap(([test, lines]) => lines.map((line) => ({ file, test, line })))))

/**
 * Compares the failures with the table of differences.
 *
 * @param lineOf returns the text of a line of a file, counted from 1
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
