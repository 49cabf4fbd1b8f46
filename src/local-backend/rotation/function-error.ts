/**
 * The failure of a rotation function. It contains the name of the function's error, but not the error's message, because the
 * message may contain a secret's value.
 */
export class FunctionError extends Error {
  constructor (name: unknown) {
    super('The rotation function has failed')
    // Error names are identifiers. The error names of Lambda's runtime also contain dots. Any other text could contain a
    // secret's value.
    this.name = typeof name === 'string' && /^[A-Za-z][\w.]{0,99}$/.test(name) ? name : 'Error'
  }
}

/** Lambda's error name for a function that exceeds its time limit. */
export const timedOut = 'Sandbox.Timedout'
