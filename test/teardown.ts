/** What a helper needs of a test: to run something at its end. A program that is not a test can provide it, too. */
export interface Ending {
  readonly teardown: (end: () => unknown) => unknown
}
