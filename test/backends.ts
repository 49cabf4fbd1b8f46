import { join } from 'node:path'
import { startLocalBackend } from '#src/local-backend/server'
import { platform, roles } from './aws-roles.ts'
import { startMotoProxy } from './moto/proxy.ts'
import { issuer, keysFile } from './web-identity.ts'

/** Who signed a call, as it finds out by the keys. */
export interface Signer {
  operation: string
  /** Of a role's session, that of the session. */
  principal: string
  sourceIdentity?: string
}

/** What stands in for AWS in a test. */
export interface Backend {
  /** Where AWS's SDK finds it. */
  url: string
  /** The operations that it was asked for so far, by anybody whom it knows. */
  awsCalls: string[]
  /** Who asked for them. */
  signers: Signer[]
  /** The clock of the gateway, and where it can be moved, of AWS: milliseconds since the epoch. */
  now: () => number
  /** Moves the clock. */
  advance: (days: number) => void
  /** Ends when the rotations that are due or under way are done. */
  rotateDue: () => Promise<void>
  close: () => Promise<void>
}

/** The accounts that a test can reach. */
const accounts = [
  { accountId: '111111111111', accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' },
  { accountId: '222222222222', accessKeyId: 'AKIAPROD', secretAccessKey: 'AKIAPROD-secret' },
  platform
]

/** The KMS keys that a test can name. */
const kmsKeys = [{
  accountId: '111111111111', keyId: '1234abcd-12ab-34cd-56ef-1234567890ab', aliases: ['alias/staging', 'alias/other', 'alias/k']
}]

/** The rotation functions that a test can name. */
const rotationFunctions = {
  postgresql: join(import.meta.dirname, '../rotators/postgresql.ts'),
  rotator: join(import.meta.dirname, 'fixtures/rotation/rotator.ts'),
  failing: join(import.meta.dirname, 'fixtures/rotation/failing.ts')
}

const day = 24 * 60 * 60 * 1000

/** Starts a backend with nothing in it: the embedded one, or that of moto's server where `TEST_MOTO_URL` says where it listens. */
export async function startBackend (): Promise<Backend> {
  const moto = process.env.TEST_MOTO_URL
  return moto === undefined ? startEmbedded() : startMotoProxy(moto, accounts)
}

async function startEmbedded (): Promise<Backend> {
  const awsCalls: string[] = []
  const signers: Signer[] = []
  let moved = 0
  const now = (): number => Date.now() + moved
  const backend = await startLocalBackend({
    accounts,
    kmsKeys,
    rotationFunctions,
    now,
    roles,
    identityProviders: [{ issuer, keys: keysFile }],
    onOperation: ({ operation, principal, sourceIdentity }) => {
      awsCalls.push(operation)
      signers.push({ operation, principal, ...sourceIdentity !== undefined && { sourceIdentity } })
    }
  })
  return {
    url: backend.url,
    awsCalls,
    signers,
    now,
    advance: (days) => { moved += days * day },
    rotateDue: backend.runDueRotations,
    close: backend.close
  }
}
