/** A rotation function that has failed. Its name is all that is told of it: what the function said may hold a secret. */
export class FunctionError extends Error {
  constructor (name: unknown) {
    super('The rotation function has failed')
    // A name is a word, with dots where Lambda's runtime gives it; all else may be anything.
    this.name = typeof name === 'string' && /^[A-Za-z][\w.]{0,99}$/.test(name) ? name : 'Error'
  }
}

/** Lambda's name for a function that has not ended in time. */
export const timedOut = 'Sandbox.Timedout'
