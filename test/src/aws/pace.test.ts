import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { createPaces, inBackground, keepPace, type Paces } from '#src/aws/pace'
import { startLocalBackend } from '#src/local-backend/server'

const account = { accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }

interface Paced {
  client: SecretsManager
  /** The operations that the backend has throttled. */
  throttled: string[]
}

/** A backend that throttles, and a client that keeps the pace. */
async function paced (t: Test, throttling: number | true, paces: Paces): Promise<Paced> {
  const throttled: string[] = []
  const backend = await startLocalBackend({
    accounts: [account], throttling, onOperation: ({ operation, throttled: is }) => { if (is) throttled.push(operation) }
  })
  const client = new SecretsManager({ region: 'eu-west-1', endpoint: backend.url, credentials: account, maxAttempts: 1 })
  keepPace(client, paces('a', 'eu-west-1'))
  t.teardown(async () => {
    client.destroy()
    await backend.close()
  })
  return { client, throttled }
}

const never = new AbortController().signal

const create = async ({ client }: Paced, count: number, prefix = 'n'): Promise<unknown[]> =>
  Promise.all(Array.from({ length: count }, async (_, index) => client.createSecret({ Name: `${prefix}${index}` })))

// Half the quota, here and below: on a busy machine calls arrive closer together than they left.
t.test('calls keep to AWS\'s quotas, and none is throttled', async (t) => {
  const it = await paced(t, true, createPaces(() => 0.5))
  const started = performance.now()
  await Promise.all([
    create(it, 70),
    // Another family does not wait for it.
    ...Array.from({ length: 40 }, async () => it.client.getRandomPassword({}))
  ])
  const seconds = (performance.now() - started) / 1000
  t.ok(seconds >= (70 - 2) / 23, `${seconds} s`)
  t.same(it.throttled, [])
})

t.test('a process that shares the quotas has its part of them', async (t) => {
  const paces = createPaces(() => 0.25)
  t.equal(paces('a', 'eu-west-1'), paces('a', 'eu-west-1'))
  t.not(paces('a', 'eu-west-1'), paces('a', 'eu-central-1'))
  t.not(paces('a', 'eu-west-1'), paces('b', 'eu-west-1'))
  t.equal(paces('a', 'eu-west-1')('PutSecretValue'), paces('a', 'eu-west-1')('UpdateSecret'), 'a family has one lane')
  t.not(paces('a', 'eu-west-1')('PutSecretValue'), paces('a', 'eu-west-1')('CreateSecret'))
  t.equal(paces('a', 'eu-west-1')('Unheard'), paces('a', 'eu-west-1')('UnheardToo'), 'what AWS has added since has one, too')
  const it = await paced(t, 25, paces)
  await create(it, 40)
  t.same(it.throttled, [])
})

t.test('a single call does not wait for those in the background', async (t) => {
  const it = await paced(t, true, createPaces(() => 1))
  let done = 0
  const background = inBackground(never, async () => Promise.all(Array.from({ length: 100 }, async (_, index) => {
    await it.client.createSecret({ Name: `background/${index}` })
    done += 1
  })))
  await it.client.createSecret({ Name: 'single' })
  t.ok(done < 50, `${done} were done before it`)
  await background
})

t.test('where AWS throttles all the same, the background is patient, and nobody else is', async (t) => {
  const it = await paced(t, 10, createPaces(() => 1))
  await inBackground(never, async () => create(it, 30))
  t.ok(it.throttled.length > 0)
  t.ok(it.throttled.length < 30, 'the pace got slower')

  const impatient = await paced(t, 1, createPaces(() => 1))
  await t.rejects(create(impatient, 5), { name: 'ThrottlingException' })
  const ended = AbortSignal.abort()
  await t.rejects(inBackground(ended, async () => create(impatient, 5, 'ended')), { name: 'ThrottlingException' })
  await t.rejects(impatient.client.describeSecret({ SecretId: 'none' }), { name: 'ResourceNotFoundException' })
})
