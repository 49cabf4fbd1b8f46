/** The part of a test that helpers need: a way to run something at the end. A program that is not a test can provide it, too. */
export interface Ending {
  readonly teardown: (end: () => unknown) => unknown
}
