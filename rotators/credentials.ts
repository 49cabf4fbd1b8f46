/** The credentials of a database user, in AWS's JSON structure for database secrets. */
export interface Credentials {
  /** AWS's name of the database system, such as `mysql`. */
  engine: string
  host: string
  port?: number
  username: string
  password: string
  dbname?: string
  /** Whether the connection uses TLS, with the server's certificate verified. Defaults to true. */
  ssl?: boolean
  /** The ARN of the secret with the credentials of a user who may create and alter users. Only the alternating users need it. */
  masterarn?: string
}

/**
 * Parses and validates a secret's value. Throws an error of its own, because the message of `JSON.parse` would quote the value.
 *
 * @param engines the accepted values of `engine`
 */
export function parseCredentials (text: string, engines: readonly string[]): Credentials {
  let value: Partial<Credentials> | null
  try {
    value = JSON.parse(text) as Partial<Credentials> | null
  } catch {
    value = null
  }
  const { engine = '', host, username, password } = value ?? {}
  if (!engines.includes(engine) || !host || !username || !password) {
    throw new Error(`The value does not contain the credentials of a user of ${engines.join(' or ')}`)
  }
  return { ...value, engine, host, username, password }
}

/** Replaces members of a secret's value. The others stay as they are: even the number `1.10` keeps its last zero. */
export function withMembers (value: string, members: Partial<Credentials>): string {
  const parsed = JSON.parse(value, (_name, member: unknown, context?: { source?: string }) =>
    typeof member === 'number' ? JSON.rawJSON(context?.source ?? String(member)) : member) as object
  return JSON.stringify({ ...parsed, ...members })
}
