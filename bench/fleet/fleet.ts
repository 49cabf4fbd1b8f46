import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import type { Ending } from '#test/teardown'
import { startReplica, type Replica } from './replica.ts'

/** The AWS account of the embedded backend. */
export const account = { accountId: '111111111111', accessKeyId: 'AKIABENCH', secretAccessKey: 'bench-secret' }

export const token = 'token-of-the-bench'

/** The settings that a benchmark chooses. All other settings make the limits too high to matter. */
export interface FleetOptions {
  readonly replicas: number
  /** The URL of AWS Secrets Manager. */
  readonly endpoint: string
  /** The URL of a Valkey or Redis that the replicas share. */
  readonly sharedUrl?: string | undefined
  readonly cache?: object
  readonly aws?: object
  /** The seconds for which a replica serves requests after SIGTERM. */
  readonly delaySeconds: number
}

/** Starts replicas with the same configuration. */
export async function startFleet (t: Ending, options: FleetOptions): Promise<Replica[]> {
  const { replicas, endpoint, sharedUrl, cache, aws, delaySeconds } = options
  const folder = await mkdtemp(join(tmpdir(), 'fleet-'))
  t.teardown(async () => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'policies'))
  await writeFile(join(folder, 'policies', 'all.cedar'), '@id("all") permit (principal, action, resource);')
  await writeFile(join(folder, 'shared.key'), Buffer.alloc(32, 'k').toString('base64'))
  await writeFile(join(folder, 'gateway.yaml'), stringify({
    environments: { dev: { region: 'eu-west-1', credential: 'bench' } },
    credentials: { bench: { kind: 'environment', accessKeyIdVariable: 'BENCH_KEY', secretAccessKeyVariable: 'BENCH_SECRET' } },
    authentication: { apiKeys: [{ id: 'bench', hash: hashToken(token) }] },
    authorization: { policies: join(folder, 'policies') },
    limits: { requestsPerSecond: 100_000, refreshes: { requestsPerSecond: 10_000 } },
    log: { cacheHits: 0 },
    server: { overload: { loopDelayMilliseconds: 60_000 }, shutdown: { delaySeconds, graceSeconds: 60 } },
    aws: { endpoint, quotaShare: 1, ...aws },
    ...cache !== undefined && { cache },
    ...sharedUrl !== undefined && { shared: { url: sharedUrl, keyFile: 'shared.key', replicas } }
  }))
  const environment = {
    GATEWAY_CONFIG: join(folder, 'gateway.yaml'),
    LOG_LEVEL: 'info',
    BENCH_KEY: account.accessKeyId,
    BENCH_SECRET: account.secretAccessKey
  }
  const fleet: Replica[] = []
  for (let number = 1; number <= replicas; number++) fleet.push(await startReplica(t, `replica-${number}`, folder, environment))
  return fleet
}
