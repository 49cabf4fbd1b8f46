import type { Strategy } from './strategy.ts'

/**
 * The user changes its own password. A client that connects with the old password just after the change is refused, and has to
 * read the secret again.
 */
export const singleUser: Strategy = {
  nextUsername: ({ username }) => username,
  setPassword: async ({ database, current, next }) => database.changeOwnPassword(current, next.password)
}
