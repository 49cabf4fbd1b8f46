/** The kinds of errors in policies for which AWS has different messages. */
export type PolicyErrorKind = 'syntax' | 'principal' | 'service-principal'

/** A malformed policy document. The message names the element and the error in it. */
export class PolicyError extends Error {
  readonly kind: PolicyErrorKind

  constructor (element: string, message: string, kind: PolicyErrorKind = 'syntax') {
    super(`${element} ${message}`)
    this.name = 'PolicyError'
    this.kind = kind
  }
}
