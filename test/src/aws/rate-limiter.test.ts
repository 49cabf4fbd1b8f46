import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import { createRateLimiters, limitRate, type RateLimiters } from '#src/aws/rate-limiter'
import { createSecretsPort } from '#src/aws/sdk-port'
import { environmentFrom } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { startLocalBackend } from '#src/local-backend/server'

const account = { accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }

interface Limited {
  aws: SecretsPort
  /** The operations that the backend throttled. */
  throttled: string[]
}

/** Starts a backend that throttles, and creates a client whose rate is limited. */
async function limited (t: Test, throttling: number | true, rateLimiters: RateLimiters): Promise<Limited> {
  const throttled: string[] = []
  const backend = await startLocalBackend({
    accounts: [account], throttling, onOperation: ({ operation, throttled: is }) => { if (is) throttled.push(operation) }
  })
  const client = new SecretsManager({ region: 'eu-west-1', endpoint: backend.url, credentials: account, maxAttempts: 1 })
  limitRate(client, rateLimiters('a', 'eu-west-1'))
  t.teardown(async () => {
    client.destroy()
    await backend.close()
  })
  return { aws: createSecretsPort(() => ({ client: () => client })), throttled }
}

const call: AwsCall = { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'a', namePrefix: '' }), credentialId: 'a' }
const background: AwsCall = { ...call, background: new AbortController().signal }

const secret = { tags: {}, replicaRegions: [] }

const create = async ({ aws }: Limited, count: number, from = call, prefix = 'n'): Promise<unknown[]> =>
  Promise.all(Array.from({ length: count }, async (_, index) => aws.createSecret(from, `${prefix}${index}` as SecretName, secret)))

// Uses only half of the quota: on a busy machine, calls can arrive closer together than they were sent, and exceed a full quota.
t.test('calls keep to AWS\'s quotas, and none is throttled', async (t) => {
  const it = await limited(t, true, createRateLimiters(() => 0.5))
  const started = performance.now()
  await Promise.all([
    create(it, 70),
    // These calls have a quota of their own, so they do not have to wait.
    ...Array.from({ length: 40 }, async () => it.aws.getRandomPassword(call, {}))
  ])
  const seconds = (performance.now() - started) / 1000
  t.ok(seconds >= (70 - 2) / 23, `${seconds} s`)
  t.same(it.throttled, [])
})

t.test('a process can be limited to a share of the quotas', async (t) => {
  const rateLimiters = createRateLimiters(() => 0.25)
  t.equal(rateLimiters('a', 'eu-west-1'), rateLimiters('a', 'eu-west-1'))
  t.not(rateLimiters('a', 'eu-west-1'), rateLimiters('a', 'eu-central-1'))
  t.not(rateLimiters('a', 'eu-west-1'), rateLimiters('b', 'eu-west-1'))
  t.equal(rateLimiters('a', 'eu-west-1')('PutSecretValue'), rateLimiters('a', 'eu-west-1')('UpdateSecret'), 'the operations of one quota share a bucket')
  t.not(rateLimiters('a', 'eu-west-1')('PutSecretValue'), rateLimiters('a', 'eu-west-1')('CreateSecret'))
  t.equal(rateLimiters('a', 'eu-west-1')('Unheard'), rateLimiters('a', 'eu-west-1')('UnheardToo'), 'unknown operations, which AWS may add later, share one, too')
  const it = await limited(t, 25, rateLimiters)
  await create(it, 40)
  t.same(it.throttled, [])
})

t.test('a foreground call does not wait for all background calls', async (t) => {
  const it = await limited(t, true, createRateLimiters(() => 1))
  let done = 0
  const inBackground = Promise.all(Array.from({ length: 100 }, async (_, index) => {
    await it.aws.createSecret(background, `background/${index}` as SecretName, secret)
    done += 1
  }))
  await it.aws.createSecret(call, 'single' as SecretName, secret)
  t.ok(done < 50, `${done} were done before it`)
  await inBackground
})

t.test('if AWS throttles nevertheless, background calls are retried, and foreground calls fail', async (t) => {
  const it = await limited(t, 10, createRateLimiters(() => 1))
  await create(it, 30, background)
  t.ok(it.throttled.length > 0)
  t.ok(it.throttled.length < 30, 'the rate was reduced')

  const impatient = await limited(t, 1, createRateLimiters(() => 1))
  await t.rejects(create(impatient, 5), { name: 'ThrottlingException' })
  const ended = { ...call, background: AbortSignal.abort() }
  await t.rejects(create(impatient, 5, ended, 'ended'), { name: 'ThrottlingException' })
  await t.rejects(impatient.aws.describeSecret(call, 'none' as SecretName), { name: 'ResourceNotFoundException' })
})

t.test('each call waits in the bucket of its own operation', async (t) => {
  const called: string[] = []
  const backend = await startLocalBackend({ accounts: [account], onOperation: ({ operation }) => { called.push(operation) } })
  const client = new SecretsManager({ region: 'eu-west-1', endpoint: backend.url, credentials: account, maxAttempts: 1 })
  t.teardown(async () => {
    client.destroy()
    await backend.close()
  })
  const rateLimiter = createRateLimiters(() => 1)('a', 'eu-west-1')
  const paced: string[] = []
  limitRate(client, (operation) => {
    paced.push(operation)
    return rateLimiter(operation)
  })
  const aws = createSecretsPort(() => ({ client: () => client }))
  const name = 'a' as SecretName
  await aws.createSecret(call, name, secret)
  await aws.describeSecret(call, name)
  await aws.getRandomPassword(call, {})
  t.same(called, ['CreateSecret', 'DescribeSecret', 'GetRandomPassword'])
  t.same(paced, called)
  const other = rateLimiter('Unheard')
  for (const operation of paced) t.not(rateLimiter(operation), other, `${operation} has a quota that is known`)
})
