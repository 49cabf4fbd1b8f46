import { join } from 'node:path'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { delays } from '#src/local-backend/realistic/table'
import { startLocalBackend } from '#src/local-backend/server'
import { platform, roles } from './aws-roles.ts'
import { startMotoProxy } from './moto/proxy.ts'
import { serveFunctions } from './rotation-functions.ts'
import { issuer, keysFile } from './web-identity.ts'

/** An AWS call, and the principal whose access key signed it. */
export interface Signer {
  operation: string
  /** The ARN of the user or, for temporary credentials, of the role session. */
  principal: string
  sourceIdentity?: string
}

/** The server that stands in for AWS in a test. */
export interface Backend {
  /** The endpoint for the AWS SDK. */
  url: string
  /** The operations of all authenticated calls so far. */
  awsCalls: string[]
  /** All authenticated calls so far, with their principals. */
  signers: Signer[]
  /** The clock of the gateway and of the embedded backend, in milliseconds since the epoch. */
  now: () => number
  /** Moves the clock forward. */
  advance: (days: number) => void
  /** True for a realistic backend, which has AWS's delays and failures. */
  isRealistic: boolean
  /** Makes all changes so far visible to all reads. Only a realistic backend would delay them. */
  settle: () => void
  /**
   * Advances the clock of a realistic backend until the backend has caught up: lists show all changes, replications have ended,
   * and the names of deleted secrets are free. Does nothing with the other backends, because they never lag.
   */
  catchUp: () => void
  /**
   * Carries out the rotations that are due, and waits until no rotation is in progress. If a realistic backend can't call a
   * function, advances the clock until the rotation is attempted again.
   */
  rotateDue: () => Promise<void>
  close: () => Promise<void>
}

/** The AWS accounts of the tests. */
const accounts = [
  { accountId: '111111111111', accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' },
  { accountId: '222222222222', accessKeyId: 'AKIAPROD', secretAccessKey: 'AKIAPROD-secret' },
  platform
]

const kmsKeys = [{
  accountId: '111111111111', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab', aliases: ['alias/staging', 'alias/other', 'alias/k']
}]

/** The tests' rotation functions that are programs. The others are in test/rotation-functions.ts. */
const rotationPrograms = Object.fromEntries(['mysql', 'mysql-alternating-users', 'postgresql', 'postgresql-alternating-users'].map((name) =>
  [name, join(import.meta.dirname, `../rotators/${name}.ts`)]))

/** Returns a client with all permissions in the account and the region of a secret. */
function clientFor (arn: string, endpoint: string): SecretsManagerClient {
  const [, , , region = '', accountId] = arn.split(':')
  const credentials = accounts.find((account) => account.accountId === accountId)
  return new SecretsManagerClient({ endpoint, region, ...credentials !== undefined && { credentials } })
}

const day = 24 * 60 * 60 * 1000

/** The delay after which a failed rotation is attempted again, in milliseconds. Each further delay is four times as long. */
const retryDelay = 60_000

/**
 * Starts an empty backend: the embedded backend or, if `TEST_MOTO_URL` is set, the moto server at that URL. If `TEST_REALISTIC`
 * is set to a seed, the embedded backend has the delays and failures of AWS, but no latency.
 */
export async function startBackend (): Promise<Backend> {
  const moto = process.env.TEST_MOTO_URL
  return moto === undefined ? startEmbedded() : startMotoProxy(moto, accounts)
}

async function startEmbedded (): Promise<Backend> {
  const awsCalls: string[] = []
  const signers: Signer[] = []
  let moved = 0
  const now = (): number => Date.now() + moved
  const seed = process.env.TEST_REALISTIC
  /** The number of calls to rotation functions that have failed by chance. */
  let failed = 0
  /** The number of these failures whose retry delay `rotateDue` has already let pass. */
  let awaited = 0
  const served = await serveFunctions((arn) => clientFor(arn, backend.url))
  const backend = await startLocalBackend({
    ...seed !== undefined && { realistic: { seed, wait: async () => Promise.resolve() } },
    accounts,
    kmsKeys,
    rotationFunctions: { ...rotationPrograms, ...served.urls },
    now,
    roles,
    identityProviders: [{ issuer, keys: keysFile }],
    onOperation: ({ operation, principal, sourceIdentity }) => {
      awsCalls.push(operation)
      signers.push({ operation, principal, ...sourceIdentity !== undefined && { sourceIdentity } })
    },
    onRotationStep ({ error }) { if (error === 'TooManyRequestsException') failed++ }
  })
  return {
    url: backend.url,
    awsCalls,
    signers,
    now,
    advance: (days) => { moved += days * day },
    isRealistic: seed !== undefined,
    async rotateDue () {
      backend.settle()
      await backend.runDueRotations()
      for (let delay = retryDelay; failed > awaited; delay *= 4) {
        awaited = failed
        moved += delay
        await backend.runDueRotations()
      }
      backend.settle()
    },
    settle: backend.settle,
    catchUp () {
      if (seed === undefined) return
      moved += delays.listing.delay.longest
      backend.settle()
    },
    async close () {
      await backend.close()
      served.close()
    }
  }
}
