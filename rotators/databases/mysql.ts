import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise'
import type { Credentials } from '../credentials.ts'
import { grantsFor, tlsRequirement } from './mysql-grants.ts'
import { authentication, type Authentication } from './mysql-password.ts'
import type { Database } from './database.ts'

/** An error that contains only a code. The driver's own errors contain the statement, and therefore the password. */
class MySqlError extends Error {
  readonly code: string

  constructor (cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    super(`The database has failed: ${code}`)
    this.name = 'MySqlError'
    this.code = code
  }
}

/** MySQL and MariaDB. */
export const mysql: Database = {
  engines: ['mysql', 'mariadb'],
  longestUsername: 32,

  async canLogIn (credentials) {
    try {
      await connected(credentials, async (connection) => connection.query('SELECT 1'))
      return true
    } catch (error) {
      if (error instanceof MySqlError && error.code === 'ER_ACCESS_DENIED_ERROR') return false
      throw error
    }
  },

  async changeOwnPassword (credentials, password) {
    await connected(credentials, async (connection) => connection.query(`SET PASSWORD = ${(await authenticationOf(connection, password)).string}`))
  },

  async provideUser (superuser, current, next) {
    const host = await accountHost(current)
    await connected(superuser, async (connection) => {
      const [original, account] = [current, next].map(({ username }) => connection.format('?@?', [username, host])) as [string, string]
      const [definition = ''] = await linesOf(connection, `SHOW CREATE USER ${original}`)
      const { clause } = await authenticationOf(connection, next.password)
      await connection.query(`CREATE USER IF NOT EXISTS ${account} ${clause} REQUIRE ${tlsRequirement(definition)}`)
      await connection.query(`ALTER USER ${account} ${clause}`)
      for (const grant of grantsFor(account, await linesOf(connection, `SHOW GRANTS FOR ${original}`))) await connection.query(grant)
    })
  }
}

async function authenticationOf (connection: Connection, password: string): Promise<Authentication> {
  const [version = ''] = await linesOf(connection, 'SELECT VERSION()')
  return authentication(version, password)
}

/** Returns the host name of the account that these credentials log in to. A user name can have several accounts. */
async function accountHost (credentials: Credentials): Promise<string> {
  let account = ''
  await connected(credentials, async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT CURRENT_USER() AS account')
    account = String(rows[0]?.account)
  })
  return account.slice(account.lastIndexOf('@') + 1)
}

/** Runs a statement whose rows have one column, and returns the values. */
async function linesOf (connection: Connection, statement: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(statement)
  return rows.flatMap(Object.values) as string[]
}

/** @throws MySqlError if any step fails */
async function connected (credentials: Credentials, work: (connection: Connection) => Promise<unknown>): Promise<void> {
  try {
    const connection = await open(credentials)
    // The driver's quoting, and the parsing of SHOW's output, require the default sql_mode.
    await connection.query('SET SESSION sql_mode = \'\'').then(async () => work(connection)).finally(async () => connection.end())
  } catch (error) {
    throw new MySqlError(error)
  }
}

async function open (credentials: Credentials): Promise<Connection> {
  const { host, port = 3306, username, password, dbname, ssl = true } = credentials
  return createConnection({
    host,
    port,
    user: username,
    password,
    connectTimeout: 5_000,
    ...dbname !== undefined && { database: dbname },
    // By default, the driver does not compare the certificate with the name of the host.
    ...ssl && { ssl: { verifyIdentity: true } }
  })
}
