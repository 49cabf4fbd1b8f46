import type { Strategy } from './strategy.ts'

/**
 * The user changes its own password. A client that has read the old password and connects just after the change is refused once,
 * and has to read the secret again.
 */
export const singleUser: Strategy = {
  nextUsername: ({ username }) => username,
  setPassword: async ({ database, current, next }) => database.changeOwnPassword(current, next.password)
}
