/**
 * A rotation function for the password of a PostgreSQL user, which changes its own password: an AWS Lambda handler for AWS
 * Secrets Manager, and for the embedded one. Each step can be repeated, as Secrets Manager does after a failure.
 *
 * The secret is AWS's JSON for database credentials: `engine` (`postgres`), `host`, `port` (5432), `username`, `password`,
 * `dbname` (`postgres`), and `ssl`: TLS with the server's certificate verified, unless it is false.
 */
import { ResourceNotFoundException, SecretsManager } from '@aws-sdk/client-secrets-manager'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { scramSha256 } from './scram.ts'

/** What Secrets Manager sends a rotation function. */
export interface RotationEvent {
  Step: keyof typeof steps
  /** The secret's ARN. */
  SecretId: string
  /** The ID of the version that the rotation makes. */
  ClientRequestToken: string
}

interface Credentials {
  engine: 'postgres'
  host: string
  port?: number
  username: string
  password: string
  dbname?: string
  ssl?: boolean
}

interface Rotation {
  secret: string
  /** The version that the rotation makes. */
  pending: string
  /** The version that is AWSCURRENT. */
  current: string
}

// Region, keys and endpoint are those of the environment.
const aws = new SecretsManager()

const steps = { createSecret, setSecret, testSecret, finishSecret }

/** Carries out one step of a rotation; throws where it can't, and never with a value in the message. */
export async function handler ({ Step, SecretId: secret, ClientRequestToken: pending }: RotationEvent): Promise<void> {
  const { VersionIdsToStages: stages = {} } = await aws.describeSecret({ SecretId: secret })
  const current = Object.keys(stages).find((id) => stages[id]?.includes('AWSCURRENT'))
  if (current === undefined) throw new Error('The secret has no current version')
  if (current === pending) return
  if (!stages[pending]?.includes('AWSPENDING')) throw new Error('The version is not the one that is pending')
  await steps[Step]({ secret, pending, current })
}

async function createSecret ({ secret, pending, current }: Rotation): Promise<void> {
  if (await credentialsIn(secret, pending) !== undefined) return
  const credentials = await knownCredentials(secret, current)
  const { RandomPassword: password } = await aws.getRandomPassword({ PasswordLength: 32, ExcludePunctuation: true })
  await aws.putSecretValue({
    SecretId: secret,
    ClientRequestToken: pending,
    SecretString: JSON.stringify({ ...credentials, password }),
    VersionStages: ['AWSPENDING']
  })
}

async function setSecret ({ secret, pending, current }: Rotation): Promise<void> {
  const next = await knownCredentials(secret, pending)
  const credentials = await knownCredentials(secret, current)
  // A secret that was tampered with must not lead the user's password to another server.
  if (next.host !== credentials.host || next.username !== credentials.username) throw new Error('The pending version is for another user')
  if (await canLogIn(next)) return
  await withDatabase(credentials, async (database) => {
    const verifier = escapeLiteral(scramSha256(next.password))
    await database.query(`ALTER ROLE ${escapeIdentifier(next.username)} PASSWORD ${verifier}`)
  })
}

async function testSecret ({ secret, pending }: Rotation): Promise<void> {
  await withDatabase(await knownCredentials(secret, pending), async (database) => { await database.query('SELECT 1') })
}

async function finishSecret ({ secret, pending, current }: Rotation): Promise<void> {
  await aws.updateSecretVersionStage({
    SecretId: secret, VersionStage: 'AWSCURRENT', MoveToVersionId: pending, RemoveFromVersionId: current
  })
}

/** What a version holds; undefined where it holds nothing yet. */
async function credentialsIn (secret: string, versionId: string): Promise<Credentials | undefined> {
  try {
    const { SecretString = '' } = await aws.getSecretValue({ SecretId: secret, VersionId: versionId })
    return parse(SecretString)
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined
    throw error
  }
}

async function knownCredentials (secret: string, versionId: string): Promise<Credentials> {
  const credentials = await credentialsIn(secret, versionId)
  if (credentials === undefined) throw new Error('A version has no value')
  return credentials
}

/** JSON.parse and PostgreSQL's own errors quote what they were given. */
function parse (text: string): Credentials {
  let value: Partial<Credentials> | null
  try {
    value = JSON.parse(text) as Partial<Credentials> | null
  } catch {
    value = null
  }
  const { engine, host, username, password } = value ?? {}
  if (engine !== 'postgres' || !host || !username || !password) throw new Error('The value is no credentials of a PostgreSQL user')
  return { ...value, engine, host, username, password }
}

async function canLogIn (credentials: Credentials): Promise<boolean> {
  try {
    await withDatabase(credentials, async () => undefined)
    return true
  } catch (error) {
    // invalid_password of PostgreSQL
    if (error instanceof Error && 'code' in error && error.code === '28P01') return false
    throw error
  }
}

async function withDatabase (credentials: Credentials, work: (database: Client) => Promise<void>): Promise<void> {
  const { host, port = 5432, username, password, dbname = 'postgres', ssl = true } = credentials
  const database = new Client({ host, port, user: username, password, database: dbname, ssl, connectionTimeoutMillis: 5_000 })
  await database.connect()
  try {
    await work(database)
  } finally {
    await database.end()
  }
}
