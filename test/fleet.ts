import type { Test } from 'tap'
import type { Declared } from '#src/config/config'
import { build, type Gateway } from './helper.ts'
import { startRedis, type TestRedis } from './redis.ts'

/** Several gateways that share their state and a backend. */
export interface Fleet {
  readonly redis: TestRedis
  readonly replicas: readonly [Gateway, Gateway, ...Gateway[]]
}

/** The content of the key file of a fleet. */
export const fleetKey = Buffer.alloc(32, 'k').toString('base64')

/**
 * Makes the server appear to have remembered signatures for a long time. A server that has just begun refuses the signatures of
 * its first minute, because their signers' clocks may be fast.
 */
export const rememberSignatures = async ({ redis }: Pick<Fleet, 'redis'>): Promise<unknown> =>
  redis.command('SET', '{secrets-gateway}:signatures:since', '0')

/**
 * Starts a server and gateways that use it. The time limit of commands is long, because a busy machine must not make a test fail.
 *
 * @param change overrides sections of the configuration `declared`
 */
export async function startFleet (t: Test, size: number, change: Partial<Declared> = {}, timeoutMilliseconds = 1_000): Promise<Fleet> {
  const redis = await startRedis(t)
  const shared = { url: redis.url, keyFile: `${t.testdir({ 'shared.key': fleetKey })}/shared.key`, timeoutMilliseconds, replicas: size }
  const first = await build(t, { ...change, shared })
  const endpoint = first.fastify.config.current.aws.endpoint ?? ''
  const others = await Promise.all(Array.from({ length: size - 1 }, async () => build(t, { ...change, shared, aws: { endpoint, ...change.aws } })))
  const [second, ...rest] = others
  if (second === undefined) throw new TypeError('A fleet has at least two gateways')
  return { redis, replicas: [first, second, ...rest] }
}
