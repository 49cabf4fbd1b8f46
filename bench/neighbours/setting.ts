import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'

/** The AWS account of the embedded backend. */
export const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }

/** The environments. In `direct`, no value is cached, so each read calls AWS. */
const environments = ['dev', 'direct'] as const
export type EnvironmentName = typeof environments[number]

/** The URL path of a secret. */
export const pathOf = (name: string, environment: EnvironmentName = 'dev'): string =>
  `/environments/${environment}/secrets/${encodeURIComponent(name)}`

/** Secrets that exist in both environments. The proxy in front of the backend delays or stalls the replies about two of them. */
export const secrets = { quiet: 'quiet/secret', other: 'other/secret', long: 'long/secret', slow: 'slow/secret', stalled: 'stalled/secret' } as const

/** The names of further secrets with long values, enough to fill a page. */
export const longSecrets = Array.from({ length: 80 }, (_, index) => `made/${index}`)

/** A value that is nearly as long as AWS allows. */
export const longValue = 'v'.repeat(60_000)

/** The callers: the quiet caller, one for each kind of greed, and two that may read no secret. */
export const callers = [
  'quiet', 'setup', 'versions', 'values', 'bulk', 'big', 'stalled', 'stranger', 'forbidden', 'unread', 'unreadValues', 'slow', 'attacker'
] as const
export type CallerId = typeof callers[number]

export const headersOf = (caller: CallerId): Record<string, string> =>
  ({ authorization: `Bearer token-of-${caller}`, 'content-type': 'application/json' })

const policies = `
@id("all") permit (principal, action, resource) unless { principal == Caller::"stranger" || principal == Caller::"forbidden" };
@id("stranger") permit (principal == Caller::"stranger", action == Action::"DescribeEnvironment", resource);
@id("forbidden") permit (
  principal == Caller::"forbidden", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue"], resource
);
`

export async function createSecrets (url: string): Promise<void> {
  const long = [secrets.long, ...longSecrets]
  const items = [...Object.values(secrets), ...longSecrets].map((name) =>
    ({ name, value: long.includes(name) ? longValue : 'a value', description: 'd'.repeat(2_000) }))
  for (const environment of environments) {
    const reply = await fetch(`${url}/environments/${environment}/secrets`, {
      method: 'POST', headers: headersOf('setup'), body: JSON.stringify({ secrets: items })
    })
    if (reply.status !== 201) throw new Error(`The secrets were not created: ${reply.status} ${await reply.text()}`)
  }
}

/**
 * Writes the gateway's configuration to a folder. The kind of the credential makes the gateway observe AWS's quotas. The rate
 * limits are the defaults, but with larger bursts, so that a caller may send 1,000 requests at once.
 *
 * @returns the environment variables of the gateway
 */
export async function configure (folder: string, endpoint: string): Promise<Record<string, string>> {
  await mkdir(join(folder, 'policies'))
  await writeFile(join(folder, 'policies', 'all.cedar'), policies)
  await writeFile(join(folder, 'gateway.yaml'), stringify({
    environments: {
      dev: { region: 'eu-west-1', credential: 'bench' },
      direct: { region: 'eu-west-1', credential: 'bench', cache: { ttlSeconds: 0 } }
    } satisfies Record<EnvironmentName, object>,
    credentials: { bench: { kind: 'environment', accessKeyIdVariable: 'BENCH_KEY', secretAccessKeyVariable: 'BENCH_SECRET' } },
    authentication: {
      apiKeys: callers.map((id) => ({ id, hash: hashToken(`token-of-${id}`) })),
      aws: { serverId: 'bench', regions: ['eu-west-1'], identities: [{ account: account.accountId }] }
    },
    authorization: { policies: join(folder, 'policies') },
    limits: { burst: 1_000 },
    aws: { endpoint }
  }))
  return {
    GATEWAY_CONFIG: join(folder, 'gateway.yaml'),
    GATEWAY_DATA_DIR: folder,
    PORT: '0',
    LOG_LEVEL: 'info',
    BENCH_KEY: account.accessKeyId,
    BENCH_SECRET: account.secretAccessKey
  }
}
