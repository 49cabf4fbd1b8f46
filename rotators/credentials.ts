/** The credentials of a database user, in AWS's JSON structure for database secrets. */
export interface Credentials {
  /** AWS's name of the database system, such as `mysql`. */
  engine: string
  host: string
  port?: number
  username: string
  password: string
  dbname?: string
  /** True if the connection uses TLS and verifies the server's certificate. Defaults to true. */
  ssl?: boolean
  /** The ARN of the secret of a superuser, who may create and alter users. Needed only for alternating users. */
  masterarn?: string
}

/**
 * Parses and validates a secret's value. Replaces the error of `JSON.parse`, whose message would quote the value.
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

/** Replaces members of a secret's value. The other members keep their text: even the number `1.10` keeps its last zero. */
export function withMembers (value: string, members: Partial<Credentials>): string {
  const parsed = JSON.parse(value, (_name, member: unknown, context?: { source?: string }) =>
    typeof member === 'number' ? JSON.rawJSON(context?.source ?? String(member)) : member) as object
  return JSON.stringify({ ...parsed, ...members })
}
