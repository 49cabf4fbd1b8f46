import type { Strategy } from './strategy.ts'

/** The suffix for the name of the second user, as in AWS's rotation functions. */
const suffix = '_clone'

/**
 * Two users with the same rights take turns, such as `app` and `app_clone`. The credentials in the secret stay valid until the
 * rotation after the next one, so no client is ever refused. A superuser, whose secret `masterarn` names, creates the second user
 * at the first rotation, and sets the passwords.
 */
export const alternatingUsers: Strategy = {
  nextUsername ({ username }, { longestUsername }) {
    if (username.endsWith(suffix)) return username.slice(0, -suffix.length)
    const clone = `${username}${suffix}`
    if (clone.length > longestUsername) throw new Error(`The name of the second user would be longer than ${longestUsername} characters`)
    return clone
  },

  async setPassword ({ database, current, next, read }) {
    if (current.masterarn === undefined) throw new Error('The secret has no masterarn, which alternating users need')
    const superuser = await read(current.masterarn)
    // Both users must be on the same server. Otherwise a wrong masterarn would create a user on another server.
    if (superuser.host !== current.host) throw new Error('The superuser is one of another host')
    await database.provideUser(superuser, current, next)
  }
}
