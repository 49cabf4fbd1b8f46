import { createHash } from 'node:crypto'
import { escape } from 'mysql2'

/** The parts of statements that set a password. */
export interface Authentication {
  /** The text after `SET PASSWORD = `. */
  string: string
  /** The text after the account in `CREATE USER` and `ALTER USER`. */
  clause: string
}

const sha1 = (data: string | Buffer): Buffer => createHash('sha1').update(data).digest()

/**
 * Returns the parts of statements that set this password. MySQL hides passwords in its statement logs. MariaDB does not, so for
 * MariaDB, the statements contain the password's hash.
 *
 * @param version the server's VERSION()
 */
export function authentication (version: string, password: string): Authentication {
  if (!version.includes('MariaDB')) return { string: escape(password), clause: `IDENTIFIED BY ${escape(password)}` }
  const string = `'*${sha1(sha1(password)).toString('hex').toUpperCase()}'`
  return { string, clause: `IDENTIFIED BY PASSWORD ${string}` }
}
