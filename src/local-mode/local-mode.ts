import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom, type Config } from '#src/config/config'
import { ConfigError } from '#src/config/issues'
import type { Variables } from '#src/config/schema'
import type { Account, KmsKey } from '#src/local-backend/server'
import { errorCode } from '#src/problems/problem'

/**
 * The setup of a gateway that works without AWS. It uses an embedded Secrets Manager with two accounts, and its only caller is a
 * developer with all permissions.
 */
export interface LocalMode {
  config: Config
  token: string
  /** The file that stores the token; undefined if the token was set in the environment. */
  tokenFile?: string
  close: () => Promise<void>
}

const accountIds = { 'local-dev': '111111111111', 'local-prod': '222222222222' } as const

/** One customer managed key for each account, so that developers can try out encryption with their own key. */
const kmsKeys: readonly KmsKey[] = Object.values(accountIds).map((accountId) =>
  ({ accountId, keyId: `00000000-0000-0000-0000-${accountId}`, aliases: ['alias/local'] }))

/** The project's rotation functions. */
const rotators = ['mysql', 'mysql-alternating-users', 'postgresql', 'postgresql-alternating-users']

/**
 * Returns the project's rotation functions by name: `rotate-mysql` stands for `rotators/mysql.ts`, whatever the account and the
 * region in the ARN. Only a checkout has them: a build is meant for gateways in front of AWS.
 */
function rotationFunctions (): Record<string, string> {
  const files = rotators.map((name) => [`rotate-${name}`, join(import.meta.dirname, '..', '..', 'rotators', `${name}.ts`)] as const)
  return Object.fromEntries(files.filter(([, file]) => existsSync(file)))
}

const environments = {
  dev: { region: 'eu-west-1', credential: 'local-dev' },
  staging: { region: 'eu-west-1', credential: 'local-dev' },
  prod: { region: 'eu-west-1', credential: 'local-prod' }
} as const

/** A policy that grants the developer all permissions. */
const developerPolicy = { file: 'local-mode.cedar', text: '@id("developer") permit (principal == Caller::"developer", action, resource);' }

/** Environment variables whose presence suggests that the gateway is meant to use the real AWS. */
const awsVariables = [
  'AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI'
]

/**
 * Refuses local mode if an environment variable suggests that the gateway should use AWS or runs in production. With
 * `GATEWAY_LOCAL=1`, local mode is never refused. Without this check, a gateway that lacks its configuration file would silently
 * serve an empty local store.
 *
 * @throws ConfigError
 */
export function assertLocalModeIntended (env: NodeJS.ProcessEnv): void {
  if (env.GATEWAY_LOCAL === '1') return
  const production = env.NODE_ENV === 'production' ? ['NODE_ENV=production'] : []
  const signs = [...production, ...awsVariables.filter((name) => env[name] !== undefined)]
  if (signs.length === 0) return
  throw new ConfigError([{
    key: 'GATEWAY_CONFIG',
    found: `nothing, but ${signs.join(', ')}`,
    expected: 'a configuration file, or GATEWAY_LOCAL=1 to run in local mode'
  }])
}

/** Starts the embedded backend and returns the gateway's configuration for it. */
export async function startLocalMode (variables: Variables): Promise<LocalMode> {
  const { GATEWAY_DATA_DIR: dataDir, GATEWAY_DEV_TOKEN: given, GATEWAY_REALISTIC: seed } = variables
  const accounts = Object.entries(accountIds).map(([credentialId, accountId]) => ({ credentialId, ...newKeys(accountId) }))
  // Imported dynamically, because a gateway in front of AWS does not need it.
  const { startLocalBackend } = await import('#src/local-backend/server')
  const backend = await startLocalBackend({
    accounts, kmsKeys, rotationFunctions: rotationFunctions(), ...seed === undefined ? { dataDir: join(dataDir, 'local-backend') } : { realistic: { seed } }
  })
  const persisted = given === undefined ? await persistedToken(dataDir) : undefined
  const token = given ?? persisted?.token ?? ''
  const config = configFrom({
    // An editor that forwards the port to a browser is a proxy on the same machine, and may send forwarding headers. So this
    // machine is a trusted proxy.
    server: {
      trustedProxies: ['127.0.0.1', '::1'],
      // The limit is high, because a developer's machine may be busy with other things, and there are no other callers to
      // protect.
      overload: { loopDelayMilliseconds: 60_000 },
      // The shutdown begins at once, because there is no load balancer to notify.
      shutdown: { delaySeconds: 0 }
    },
    environments,
    credentials: Object.fromEntries(accounts.map(({ credentialId, accessKeyId, secretAccessKey }) =>
      [credentialId, { kind: 'embedded' as const, accessKeyId, secretAccessKey }])),
    authentication: { apiKeys: [{ id: 'developer', hash: hashToken(token) }] },
    authorization: { policies: policySetFrom([developerPolicy]) },
    // In practice, this is no limit. Limits protect callers from each other, and the developer is the only caller.
    limits: { requestsPerSecond: 10_000 },
    aws: { endpoint: backend.url }
  })
  return { config, token, close: backend.close, ...(persisted !== undefined && { tokenFile: persisted.file }) }
}

/**
 * Generates an access key for an account. The key is valid only while the process runs. The account's secrets persist, because
 * they belong to the account's ID and not to its access key.
 */
const newKeys = (accountId: string): Account => ({
  accountId,
  accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64')
})

/** Returns the token from an earlier start, or creates one in a file that only the current user can read. */
async function persistedToken (dataDir: string): Promise<{ token: string, file: string }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'developer-token')
  try {
    const token = randomBytes(32).toString('base64url')
    await writeFile(file, token, { mode: 0o600, flag: 'wx' })
    return { token, file }
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    await chmod(file, 0o600)
    return { token: (await readFile(file, 'utf8')).trim(), file }
  }
}
