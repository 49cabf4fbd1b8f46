/** The part of a test that helpers need: a way to run something at the end. Programs other than tests can provide it, too. */
export interface Ending {
  readonly teardown: (end: () => unknown) => unknown
}
