/** The kinds of errors in policies. AWS reports each kind with a different message. */
export type PolicyErrorKind = 'syntax' | 'principal' | 'service-principal'

/** The error for a malformed policy document. Its message names the element and says what is wrong with it. */
export class PolicyError extends Error {
  readonly kind: PolicyErrorKind

  constructor (element: string, message: string, kind: PolicyErrorKind = 'syntax') {
    super(`${element} ${message}`)
    this.name = 'PolicyError'
    this.kind = kind
  }
}
