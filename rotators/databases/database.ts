import type { Credentials } from '../credentials.ts'

/** The actions of a rotation in a database system. None of them reveals a password in an error or in a statement log. */
export interface Database {
  /** AWS's names of the system: the accepted values of `engine`. */
  engines: readonly string[]
  /** The maximum length of a user's name, in characters. */
  longestUsername: number
  /**
   * Checks whether the user can log in with this password.
   *
   * @throws Error if the login fails for any other reason
   */
  canLogIn: (credentials: Credentials) => Promise<boolean>
  /** Logs in, and changes the password of this user. */
  changeOwnPassword: (credentials: Credentials, password: string) => Promise<void>
  /**
   * Sets the password of the user `next.username`. Creates the user if it does not exist, with the rights of the user
   * `current.username`. May be repeated after any failure.
   */
  provideUser: (superuser: Credentials, current: Credentials, next: Credentials) => Promise<void>
}
