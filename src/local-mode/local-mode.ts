import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom } from '#src/authorization/policies'
import { configFrom, type Config } from '#src/config/config'
import { ConfigError } from '#src/config/issues'
import type { Variables } from '#src/config/schema'
import { startLocalBackend, type Account, type KmsKey } from '#src/local-backend/server'
import { errorCode } from '#src/problems/problem'

/** The gateway without AWS: the embedded Secrets Manager, two accounts of it, and a developer who may do everything. */
export interface LocalMode {
  config: Config
  token: string
  /** The file that keeps the token; none where the token was given. */
  tokenFile?: string
  close: () => Promise<void>
}

const accountIds = { 'local-dev': '111111111111', 'local-prod': '222222222222' } as const

/** One customer managed key an account, for who wants to try one. */
const kmsKeys: readonly KmsKey[] = Object.values(accountIds).map((accountId) =>
  ({ accountId, keyId: `00000000-0000-0000-0000-${accountId}`, aliases: ['alias/local'] }))

const environments = {
  dev: { region: 'eu-west-1', credential: 'local-dev' },
  staging: { region: 'eu-west-1', credential: 'local-dev' },
  prod: { region: 'eu-west-1', credential: 'local-prod' }
} as const

/** The developer may do everything. */
const developersPolicy = { file: 'local-mode.cedar', text: '@id("developer") permit (principal == Caller::"developer", action, resource);' }

/** Variables that are set where a process is meant to reach AWS. */
const awsVariables = [
  'AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI'
]

/**
 * Refuses local mode where it can't be meant: a gateway that was to reach AWS would serve an empty store instead.
 *
 * @throws ConfigError
 */
export function assertLocalModeMeant (env: NodeJS.ProcessEnv): void {
  if (env.GATEWAY_LOCAL === '1') return
  const production = env.NODE_ENV === 'production' ? ['NODE_ENV=production'] : []
  const signs = [...production, ...awsVariables.filter((name) => env[name] !== undefined)]
  if (signs.length === 0) return
  throw new ConfigError([{
    key: 'GATEWAY_CONFIG',
    found: `nothing, but ${signs.join(', ')}`,
    expected: 'a configuration file, or GATEWAY_LOCAL=1 where local mode is meant'
  }])
}

/** Starts the embedded backend and makes the configuration that goes with it. */
export async function startLocalMode ({ GATEWAY_DATA_DIR: dataDir, GATEWAY_DEV_TOKEN: given }: Variables): Promise<LocalMode> {
  const accounts = Object.entries(accountIds).map(([credentialId, accountId]) => ({ credentialId, ...newKeys(accountId) }))
  const backend = await startLocalBackend({ accounts, kmsKeys, dataDir: join(dataDir, 'local-backend') })
  const kept = given === undefined ? await keptToken(dataDir) : undefined
  const token = given ?? kept?.token ?? ''
  const config = configFrom({
    // An editor that forwards the port is a proxy on the same machine.
    server: { trustedProxies: ['127.0.0.1', '::1'] },
    environments,
    credentials: Object.fromEntries(accounts.map(({ credentialId, accessKeyId, secretAccessKey }) =>
      [credentialId, { kind: 'embedded' as const, accessKeyId, secretAccessKey }])),
    authentication: { apiKeys: [{ id: 'developer', hash: hashToken(token) }] },
    authorization: { policies: policySetFrom([developersPolicy]) },
    // There is nobody whom the developer could crowd out.
    limits: { requestsPerSecond: 10_000 },
    aws: { endpoint: backend.url }
  })
  return { config, token, close: backend.close, ...(kept !== undefined && { tokenFile: kept.file }) }
}

/** Access keys that last as long as the process: the accounts are kept, the keys to them need not be. */
const newKeys = (accountId: string): Account => ({
  accountId,
  accessKeyId: `LOCAL${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64')
})

/** The token of the last start, or a new one, kept where only its owner can read it. */
async function keptToken (dataDir: string): Promise<{ token: string, file: string }> {
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
