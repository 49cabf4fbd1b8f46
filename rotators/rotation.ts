/**
 * The four steps of a rotation, as AWS Secrets Manager invokes them: AWS Lambda handlers that work with AWS Secrets Manager and
 * with the embedded Secrets Manager. Every step is idempotent, because Secrets Manager repeats the steps after a failure.
 */
import { ResourceNotFoundException, SecretsManager } from '@aws-sdk/client-secrets-manager'
import { parseCredentials, withMembers, type Credentials } from './credentials.ts'
import type { Database } from './databases/database.ts'
import type { Strategy } from './strategies/strategy.ts'

/** The event with which Secrets Manager invokes a rotation function. */
export interface RotationEvent {
  Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret'
  /** The secret's ARN. */
  SecretId: string
  /** The ID of the version that the rotation creates. */
  ClientRequestToken: string
}

interface Rotation {
  secret: string
  /** The ID of the version that the rotation creates. */
  pending: string
  /** The ID of the version with the staging label AWSCURRENT. */
  current: string
}

/** The characters that AWS's rotation functions exclude, because programs often fail to escape them in connection strings. */
const excludedCharacters = '/@"\'\\:'

/**
 * Returns the Lambda handler that rotates the credentials of a database user. Each invocation performs one step of a rotation. If
 * the step fails, the handler throws an error, whose message never contains the secret's value.
 */
export function rotationHandler (database: Database, strategy: Strategy): (event: RotationEvent) => Promise<void> {
  // Reads the region, the credentials and the endpoint from environment variables.
  const aws = new SecretsManager()

  async function valueOf (secret: string, version: { VersionId: string } | { VersionStage: string }): Promise<string> {
    const { SecretString = '' } = await aws.getSecretValue({ SecretId: secret, ...version })
    return SecretString
  }

  async function credentialsOf (secret: string, VersionId: string): Promise<Credentials> {
    return parseCredentials(await valueOf(secret, { VersionId }), database.engines)
  }

  async function hasValue (secret: string, VersionId: string): Promise<boolean> {
    try {
      await valueOf(secret, { VersionId })
      return true
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return false
      throw error
    }
  }

  const steps: Record<RotationEvent['Step'], (rotation: Rotation) => Promise<void>> = {
    async createSecret ({ secret, pending, current }) {
      if (await hasValue(secret, pending)) return
      const value = await valueOf(secret, { VersionId: current })
      const username = strategy.nextUsername(parseCredentials(value, database.engines), database)
      const { RandomPassword: password = '' } = await aws.getRandomPassword({ PasswordLength: 32, ExcludeCharacters: excludedCharacters })
      await aws.putSecretValue({
        SecretId: secret,
        ClientRequestToken: pending,
        SecretString: withMembers(value, { username, password }),
        VersionStages: ['AWSPENDING']
      })
    },

    async setSecret ({ secret, pending, current: currentId }) {
      const next = await credentialsOf(secret, pending)
      const current = await credentialsOf(secret, currentId)
      // The pending version must be for the same server and the expected user. Otherwise, anybody who can change it could make
      // this function send a password to another server.
      const username = strategy.nextUsername(current, database)
      if (next.host !== current.host || next.port !== current.port || next.username !== username) {
        throw new Error('The pending version is for another user')
      }
      if (await database.canLogIn(next)) return
      await strategy.setPassword({
        database,
        current,
        next,
        read: async (arn) => parseCredentials(await valueOf(arn, { VersionStage: 'AWSCURRENT' }), database.engines)
      })
    },

    async testSecret ({ secret, pending }) {
      if (!await database.canLogIn(await credentialsOf(secret, pending))) throw new Error('The new password is refused')
    },

    async finishSecret ({ secret, pending, current }) {
      await aws.updateSecretVersionStage({
        SecretId: secret, VersionStage: 'AWSCURRENT', MoveToVersionId: pending, RemoveFromVersionId: current
      })
    }
  }

  return async ({ Step, SecretId: secret, ClientRequestToken: pending }) => {
    const { VersionIdsToStages: stages = {} } = await aws.describeSecret({ SecretId: secret })
    const current = Object.keys(stages).find((id) => stages[id]?.includes('AWSCURRENT'))
    if (current === undefined) throw new Error('The secret has no current version')
    if (current === pending) return
    if (!stages[pending]?.includes('AWSPENDING')) throw new Error('The version is not the one that is pending')
    await steps[Step]({ secret, pending, current })
  }
}
