import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import type { Credentials } from '../credentials.ts'
import type { Database } from './database.ts'
import { scramSha256 } from './scram.ts'

/** PostgreSQL's error code for `invalid_password`. */
const invalidPassword = '28P01'

export const postgresql: Database = {
  engines: ['postgres'],
  longestUsername: 63,

  async canLogIn (credentials) {
    try {
      await connected(credentials, async (client) => client.query('SELECT 1'))
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === invalidPassword) return false
      throw error
    }
  },

  async changeOwnPassword (credentials, password) {
    await connected(credentials, async (client) => client.query(passwordStatement('ALTER', credentials.username, password)))
  },

  async provideUser (superuser, current, next) {
    await connected(superuser, async (client) => {
      const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [next.username])
      if (rowCount === 1) {
        await client.query(passwordStatement('ALTER', next.username, next.password))
        return
      }
      await client.query('BEGIN')
      await client.query(passwordStatement('CREATE', next.username, next.password))
      await client.query(`GRANT ${escapeIdentifier(current.username)} TO ${escapeIdentifier(next.username)}`)
      await client.query('COMMIT')
    })
  }
}

/** Sets the verifier rather than the password, because PostgreSQL may log the statement. */
function passwordStatement (verb: 'CREATE' | 'ALTER', username: string, password: string): string {
  return `${verb} ROLE ${escapeIdentifier(username)} ${verb === 'CREATE' ? 'LOGIN ' : ''}PASSWORD ${escapeLiteral(scramSha256(password))}`
}

async function connected (credentials: Credentials, work: (client: Client) => Promise<unknown>): Promise<void> {
  const { host, port = 5432, username, password, dbname = 'postgres', ssl = true } = credentials
  const client = new Client({ host, port, user: username, password, database: dbname, ssl, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
