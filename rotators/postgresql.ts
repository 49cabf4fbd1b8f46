/**
 * A rotation function for the password of a PostgreSQL user: an AWS Lambda handler that works with AWS Secrets Manager and with
 * the embedded Secrets Manager. It uses the single-user strategy, in which the user changes its own password. Every step is
 * idempotent, because Secrets Manager repeats the steps after a failure.
 *
 * The secret has AWS's JSON structure for database credentials: `engine` (`postgres`), `host`, `port` (default 5432), `username`,
 * `password`, `dbname` (default `postgres`) and `ssl` (default true: TLS, with the server's certificate verified).
 */
import { ResourceNotFoundException, SecretsManager } from '@aws-sdk/client-secrets-manager'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { scramSha256 } from './scram.ts'

/** The event with which Secrets Manager invokes a rotation function. */
export interface RotationEvent {
  Step: keyof typeof steps
  /** The secret's ARN. */
  SecretId: string
  /** The ID of the version that the rotation creates. */
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
  /** The ID of the version that the rotation creates. */
  pending: string
  /** The ID of the version with the staging label AWSCURRENT. */
  current: string
}

// Reads the region, the credentials and the endpoint from environment variables.
const aws = new SecretsManager()

const steps = { createSecret, setSecret, testSecret, finishSecret }

/**
 * Performs one step of a rotation.
 *
 * @throws Error if the step fails; the message never contains the secret's value
 */
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
  await requiredCredentials(secret, current)
  const value = await valueOf(secret, current)
  const { RandomPassword: password } = await aws.getRandomPassword({ PasswordLength: 32, ExcludePunctuation: true })
  await aws.putSecretValue({
    SecretId: secret,
    ClientRequestToken: pending,
    SecretString: withPassword(value, password),
    VersionStages: ['AWSPENDING']
  })
}

async function setSecret ({ secret, pending, current }: Rotation): Promise<void> {
  const next = await requiredCredentials(secret, pending)
  const credentials = await requiredCredentials(secret, current)
  // Without this check, somebody who changes the pending version could make this function send a password to another server.
  if (next.host !== credentials.host || next.username !== credentials.username) throw new Error('The pending version is for another user')
  if (await canLogIn(next)) return
  await withDatabase(credentials, async (database) => {
    const verifier = escapeLiteral(scramSha256(next.password))
    await database.query(`ALTER ROLE ${escapeIdentifier(next.username)} PASSWORD ${verifier}`)
  })
}

async function testSecret ({ secret, pending }: Rotation): Promise<void> {
  await withDatabase(await requiredCredentials(secret, pending), async (database) => { await database.query('SELECT 1') })
}

async function finishSecret ({ secret, pending, current }: Rotation): Promise<void> {
  await aws.updateSecretVersionStage({
    SecretId: secret, VersionStage: 'AWSCURRENT', MoveToVersionId: pending, RemoveFromVersionId: current
  })
}

async function valueOf (secret: string, versionId: string): Promise<string> {
  const { SecretString = '' } = await aws.getSecretValue({ SecretId: secret, VersionId: versionId })
  return SecretString
}

/** Sets the password in a secret's value. The other members stay as they are: even the number `1.10` keeps its last zero. */
function withPassword (value: string, password: string | undefined): string {
  const members = JSON.parse(value, (_name, member: unknown, context?: { source?: string }) =>
    typeof member === 'number' ? JSON.rawJSON(context?.source ?? String(member)) : member) as object
  return JSON.stringify({ ...members, password })
}

/** Returns a version's credentials, or undefined if the version has no value yet. */
async function credentialsIn (secret: string, versionId: string): Promise<Credentials | undefined> {
  try {
    return parse(await valueOf(secret, versionId))
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined
    throw error
  }
}

/** @throws Error if the version has no value */
async function requiredCredentials (secret: string, versionId: string): Promise<Credentials> {
  const credentials = await credentialsIn(secret, versionId)
  if (credentials === undefined) throw new Error('A version has no value')
  return credentials
}

/** Parses and validates a secret's value. Throws an error of its own, because the message of JSON.parse would quote the value. */
function parse (text: string): Credentials {
  let value: Partial<Credentials> | null
  try {
    value = JSON.parse(text) as Partial<Credentials> | null
  } catch {
    value = null
  }
  const { engine, host, username, password } = value ?? {}
  if (engine !== 'postgres' || !host || !username || !password) throw new Error('The value does not contain the credentials of a PostgreSQL user')
  return { ...value, engine, host, username, password }
}

async function canLogIn (credentials: Credentials): Promise<boolean> {
  try {
    await withDatabase(credentials, async () => undefined)
    return true
  } catch (error) {
    // PostgreSQL's error code for `invalid_password`.
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
