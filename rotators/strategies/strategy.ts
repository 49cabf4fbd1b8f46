import type { Credentials } from '../credentials.ts'
import type { Database } from '../databases/database.ts'

/** The arguments for setting the password of the pending version in the database. */
export interface Change {
  database: Database
  current: Credentials
  next: Credentials
  /** Reads the current credentials in another secret. */
  read: (arn: string) => Promise<Credentials>
}

/**
 * Determines the user whose password a rotation changes, and the user who changes it. The strategies have the names that AWS's
 * user guide uses.
 */
export interface Strategy {
  /** Returns the name of the user in the next version. @throws Error if there can be no such user */
  nextUsername: (current: Credentials, database: Database) => string
  /** Sets the next version's password in the database. */
  setPassword: (change: Change) => Promise<void>
}
