import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { createBreaker } from '#src/admission/breaker'
import { createLane } from '#src/admission/lane'
import { createTokenBucket } from '#src/admission/token-bucket'
import { requestQuotas } from '#src/aws-model/limits'
import { admitAttempts } from '#src/aws/admit'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import { quotaBuckets, type CreateBucket } from '#src/aws/quotas'
import { retryStrategy } from '#src/aws/retry'
import { createSecretsPort } from '#src/aws/sdk-port'
import { awsFrom } from '#src/config/aws'
import { environmentFrom } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { startLocalBackend } from '#src/local-backend/server'

const account = { accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }
const now = (): number => performance.now()

interface Limited {
  aws: SecretsPort
  /** The operations that the backend throttled. */
  throttled: string[]
}

const bucket: CreateBucket = (quota) => createTokenBucket(quota, now)

/** Starts a backend that throttles, and creates a port whose calls keep to a share of AWS's quotas. */
async function limited (t: Test, throttling: number | true, share: number): Promise<Limited> {
  const throttled: string[] = []
  const backend = await startLocalBackend({
    accounts: [account], throttling, onOperation: ({ operation, throttled: is }) => { if (is) throttled.push(operation) }
  })
  const client = new SecretsManager({ region: 'eu-west-1', endpoint: backend.url, credentials: account, retryStrategy })
  admitAttempts(client, createLane(() => ({ ...awsFrom({ slots: 1_000, backgroundSlots: 1_000 }), queueTime: 60_000 }), quotaBuckets(() => share, bucket), now))
  t.teardown(async () => {
    client.destroy()
    await backend.close()
  })
  return { aws: createSecretsPort(() => ({ clientFor: () => ({ client, breaker: createBreaker(now), deadline: 60_000 }) })), throttled }
}

const call: AwsCall = { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'a', namePrefix: '' }), credentialId: 'a' }
const background: AwsCall = { ...call, background: new AbortController().signal }

const secret = { tags: {}, replicaRegions: [] }

const create = async ({ aws }: Limited, count: number, from = call, prefix = 'n'): Promise<unknown[]> =>
  Promise.all(Array.from({ length: count }, async (_, index) => aws.createSecret(from, `${prefix}${index}` as SecretName, secret)))

t.test('operations with a common quota share a bucket, and unknown operations share another bucket', async (t) => {
  const bucketOf = quotaBuckets(() => 1, bucket)
  t.equal(bucketOf('PutSecretValue'), bucketOf('UpdateSecret'))
  t.not(bucketOf('PutSecretValue'), bucketOf('CreateSecret'))
  t.equal(bucketOf('Unheard'), bucketOf('UnheardToo'))
  for (const operation of requestQuotas.flatMap(({ operations }) => operations)) t.not(bucketOf(operation), bucketOf('Unheard'), operation)
  t.not(quotaBuckets(() => 1, bucket)('CreateSecret'), bucketOf('CreateSecret'), 'each account and region has its own')
})

// Uses only half of the quota: on a busy machine, calls can arrive closer together than they were sent, and exceed a full quota.
t.test('calls keep to AWS\'s quotas, and none is throttled', async (t) => {
  const it = await limited(t, true, 0.5)
  const started = performance.now()
  await Promise.all([
    create(it, 70),
    // These calls have their own quota, so they do not have to wait.
    ...Array.from({ length: 40 }, async () => it.aws.getRandomPassword(call, {}))
  ])
  const seconds = (performance.now() - started) / 1_000
  t.ok(seconds >= (70 - 2) / 23, `${seconds} s`)
  t.same(it.throttled, [])
})

t.test('a foreground call does not wait for all background calls', async (t) => {
  const it = await limited(t, true, 0.5)
  let done = 0
  const inBackground = Promise.all(Array.from({ length: 100 }, async (_, index) => {
    await it.aws.createSecret(background, `background/${index}` as SecretName, secret)
    done += 1
  }))
  await it.aws.createSecret(call, 'single' as SecretName, secret)
  t.ok(done < 50, `${done} were done before it`)
  await inBackground
})

t.test('if AWS throttles nevertheless, background calls are retried for longer than foreground calls', async (t) => {
  const it = await limited(t, 10, 1)
  await create(it, 30, background)
  t.ok(it.throttled.length > 0)
  t.ok(it.throttled.length < 60, 'the rate was reduced')

  for (const from of [call, { ...call, background: AbortSignal.abort() }]) {
    const unretried = await limited(t, 1, 1)
    await t.rejects(create(unretried, 5, from), { name: 'ThrottlingException' })
    t.ok(unretried.throttled.length >= 3, 'three attempts')
  }
})
