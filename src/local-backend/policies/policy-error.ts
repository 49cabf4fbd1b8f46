/** Which kind of mistake makes a policy malformed. AWS has words of its own for each. */
export type PolicyMistake = 'syntax' | 'principal' | 'service-principal'

/** A policy document that is malformed. The message names the element, and what is wrong with it. */
export class PolicyError extends Error {
  readonly mistake: PolicyMistake

  constructor (element: string, message: string, mistake: PolicyMistake = 'syntax') {
    super(`${element} ${message}`)
    this.name = 'PolicyError'
    this.mistake = mistake
  }
}
