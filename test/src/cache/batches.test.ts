import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Problem } from '#src/problems/problem'
import { cacheScene, outage, type CacheScene } from '#test/cache'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, caching, tokens, type Gateway } from '#test/helper'
import { connect } from '#test/raw'

/** Sends reads over one connection, all at once. Returns the replies, as they were received. */
async function readAll ({ url }: Gateway, names: readonly string[]): Promise<string> {
  const socket = await connect(url)
  socket.write(names.map((name, index) => [
    `GET /environments/dev/secrets/${encodeURIComponent(name)} HTTP/1.1`,
    'Host: gateway.test',
    `Authorization: Bearer ${tokens.administrator}`,
    ...index === names.length - 1 ? ['Connection: close'] : [],
    '\r\n'
  ].join('\r\n')).join(''))
  return (await socket.setEncoding('utf8').toArray()).join('')
}

/** Creates a scene with secrets in AWS, whose values are their names. */
async function withSecrets (t: Test, names: readonly string[], options?: Parameters<typeof cacheScene>[1]): Promise<CacheScene> {
  const scene = await cacheScene(t, options)
  const aws = scene.gateway.aws('AKIADEV')
  for (const name of names) await aws.createSecret({ Name: `dev/${name}`, SecretString: name })
  return scene
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`)

/** Timers that never fire, so that no read is sent just because it has waited for the longest time. */
const never = { after: () => () => undefined }

/** Waits until all reads that can be sent have been sent. */
async function iterations (): Promise<void> {
  for (let count = 0; count < 3; count++) await setImmediate()
}

t.test('readSecret: a thousand concurrent reads of one secret are one call, and those of 200 secrets are far fewer than 200', async (t) => {
  const gateway = await build(t, caching)
  const aws = gateway.aws('AKIADEV')
  const names = numbered(200)
  for (const name of names) await aws.createSecret({ Name: `dev/${name}`, SecretString: `value of ${name}` })
  const start = gateway.awsCalls.length
  const same = await readAll(gateway, Array.from({ length: 1_000 }, () => 'n0'))
  t.equal(same.split('"value":"value of n0"').length - 1, 1_000)
  t.same(gateway.awsCalls.slice(start), ['GetSecretValue'])

  const before = gateway.trail().length
  const cold = names.slice(1)
  const text = await readAll(gateway, cold)
  t.same([...text.matchAll(/"value":"value of (\w+)"/g)].map(([, name]) => name), cold)
  const calls = gateway.awsCalls.slice(start + 1)
  t.comment(`${calls.length} calls`)
  t.ok(calls.length <= 50, 'how many of them come together depends on the speed of the machine')
  const ids = gateway.trail().slice(before).filter(({ event }) => event === 'outcome').map(({ awsRequestIds }) => awsRequestIds)
  t.ok(ids.every((own) => own?.length === 1), 'the record of each read has the request ID of its call')
  t.equal(new Set(ids.flat()).size, calls.length)
})

t.test('readSecret: a thousand concurrent reads of a thousand secrets, over a hundred connections, are 50 calls', async (t) => {
  const gateway = await build(t, caching)
  const aws = gateway.aws('AKIADEV')
  const names = numbered(1_000)
  for (const name of names) await aws.createSecret({ Name: `dev/${name}`, SecretString: name })
  const start = gateway.awsCalls.length
  const began = performance.now()
  const parts = Array.from({ length: 100 }, (_, part) => names.slice(part * 10, part * 10 + 10))
  const replies = await Promise.all(parts.map(async (part) => readAll(gateway, part)))
  t.same(replies.flatMap((text) => [...text.matchAll(/"value":"(\w+)"/g)].map(([, name]) => name)), names)
  const calls = gateway.awsCalls.length - start
  t.comment(`${calls} calls`)
  t.ok(calls <= 50 + (performance.now() - began) / 100, 'all batches are full, apart from those that have waited for 100 ms')
})

t.test('a thousand reads of a thousand secrets, in one iteration of the event loop, are 50 calls', async (t) => {
  const { read, reads, batches } = await withSecrets(t, numbered(1_000), never)
  const outcomes = await Promise.all(numbered(1_000).map(async (name) => read({ name })))
  t.same(outcomes.map(({ secret }) => secret?.content), numbered(1_000))
  t.equal(batches.length, 50)
  t.equal(reads.length, 0)
})

t.test('a lone read is sent at once, and others wait until it is answered, or for a limited time', async (t) => {
  for (const isSlow of [false, true]) {
    const waits: (() => void)[] = []
    const { read, reads, batches, plan } = await withSecrets(t, numbered(3), {
      after (_milliseconds, callback) {
        waits.push(callback)
        return () => undefined
      }
    })
    const { promise, resolve } = Promise.withResolvers<undefined>()
    plan(async () => { if (reads.length === 1 && batches.length === 0) await promise })
    const outcomes = [read({ name: 'n0' })]
    await iterations()
    t.equal(reads.length, 1)
    outcomes.push(read({ name: 'n1' }), read({ name: 'n2' }))
    await iterations()
    t.same([reads.length, batches.length], [1, 0])
    if (isSlow) waits.at(-1)?.()
    else resolve(undefined)
    await Promise.all(outcomes.slice(1))
    t.same(batches.map(({ names }) => names), [['n1', 'n2']])
    resolve(undefined)
    t.same((await Promise.all(outcomes)).map(({ secret }) => secret?.content), numbered(3))
  }
})

t.test('a read waits for those whose intents are being recorded', async (t) => {
  const { read, reads, batches } = await withSecrets(t, numbered(2), never)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const late = read({ name: 'n0', call: { beforeSending: async () => { await promise } } })
  const early = read({ name: 'n1' })
  const version = read({ name: 'n1', selector: { versionStage: 'AWSPENDING' }, call: { beforeSending: async () => undefined } })
  await iterations()
  t.match(await version, { problem: { code: 'version-not-found' } }, 'other versions than the current one are read singly')
  t.same([reads.length, batches.length], [1, 0])
  resolve(undefined)
  await Promise.all([late, early])
  t.same(batches.map(({ names }) => names), [['n1', 'n0']])
  const failing = read({ name: 'n2', call: { beforeSending: async () => { throw new Problem('audit-unavailable') } } })
  t.match(await failing, { problem: { code: 'audit-unavailable' } })
  t.match(await read({ name: 'n3' }), { problem: { code: 'secret-not-found' } }, 'and no longer for those whose intents could not be')
})

t.test('each secret of a batch has its own result', async (t) => {
  const { read, batches, reads, gateway } = await withSecrets(t, numbered(2), never)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/empty' })
  const names = ['n0', 'none', 'empty', 'n1', 'n1']
  const outcomes = await Promise.all(names.map(async (name) => read({ name, maximumAge: 0 })))
  t.same(outcomes.map(({ secret, problem }) => secret?.content ?? problem?.code), ['n0', 'secret-not-found', 'version-not-found', 'n1', 'n1'])
  t.same(batches.map((batch) => batch.names), [['n0', 'none', 'empty', 'n1']])
  t.same(reads, [])
})

t.test('secrets that a batch leaves out are read individually', async (t) => {
  const { read, reads, batches, gateway: { fastify: { aws } } } = await withSecrets(t, numbered(2), never)
  const { batchGetSecretValue } = aws
  aws.batchGetSecretValue = async (...args) => ({ ...await batchGetSecretValue(...args), items: [] })
  const outcomes = await Promise.all(numbered(2).map(async (name) => read({ name })))
  t.same(outcomes.map(({ secret }) => secret?.content), numbered(2))
  t.same([batches.length, reads.length], [1, 2])
})

t.test('without the right to BatchGetSecretValue, secrets are read singly, and the batch call is tried again after five minutes', async (t) => {
  const { read, batches, reads, passes, plan } = await withSecrets(t, numbered(2), never)
  const both = async (): Promise<unknown[]> => {
    const outcomes = await Promise.all(numbered(2).map(async (name) => read({ name, maximumAge: 0 })))
    t.same(outcomes.map(({ secret }) => secret?.content), numbered(2))
    return [batches.length, reads.length]
  }
  plan(async () => { if (batches.length === 1 && reads.length === 0) throw new Problem('aws-access-denied') })
  t.same(await both(), [1, 2])
  t.same(await both(), [1, 4])
  passes(300_000)
  t.same(await both(), [2, 4])
  plan(async () => { if (reads.length === 4) throw new Problem('overloaded') })
  t.same(await both(), [3, 6], 'the quota of the operation is used up')
  t.same(await both(), [4, 6], 'that is not remembered')
})

t.test('readSecret: the same over HTTP', async (t) => {
  const gateway = await build(t, caching)
  for (const name of numbered(2)) await gateway.aws('AKIADEV').createSecret({ Name: `dev/${name}`, SecretString: name })
  const fail = await proxyWithFaults(t, gateway)
  const denial = refusal('AccessDeniedException', 'User: arn:aws:iam::111111111111:user/x is not authorized to perform: secretsmanager:BatchGetSecretValue')
  fail('BatchGetSecretValue', denial, denial, denial)
  const text = await readAll(gateway, numbered(2))
  t.same([...text.matchAll(/"value":"(\w+)"/g)].map(([, name]) => name), numbered(2))
})

t.test('if AWS does not answer, the secrets are not read singly either', async (t) => {
  const { read, batches, reads, plan } = await withSecrets(t, numbered(2), never)
  plan(async () => { throw outage() })
  const outcomes = await Promise.all(numbered(2).map(async (name) => read({ name })))
  t.same(outcomes.map(({ problem }) => problem?.code), ['aws-unavailable', 'aws-unavailable'])
  t.same([batches.length, reads.length], [1, 0])
})

t.test('callers of a role share a batch, but not the failures of their sessions, unless they share nothing', async (t) => {
  for (const shares of [true, false]) {
    const { read, batches, reads } = await withSecrets(t, numbered(2), { ...never, hasSessions: () => true, sharesReads: () => shares })
    await Promise.all([read({ name: 'n0' }), read({ name: 'n1', call: { callerId: 'bob' } })])
    t.same(batches.map(({ call: { callerId }, names }) => [callerId, ...names]), shares ? [['alice', 'n0', 'n1']] : [])
    t.same(reads.map(({ callerId }) => callerId), shares ? [] : ['alice', 'bob'])
  }
  const { read, reads, gateway } = await withSecrets(t, numbered(2), { ...never, hasSessions: () => true })
  const { batchGetSecretValue } = gateway.fastify.aws
  gateway.fastify.aws.batchGetSecretValue = async (...args) => {
    const { items } = await batchGetSecretValue(...args)
    return { items: items.map(({ name }) => ({ name, problem: new Problem('aws-access-denied') })) }
  }
  const [alice, bob] = await Promise.all([read({ name: 'n0' }), read({ name: 'n1', call: { callerId: 'bob' } })])
  t.match([alice, bob], [{ problem: { code: 'aws-access-denied' } }, { secret: { content: 'n1' } }])
  t.same(reads.map(({ callerId }) => callerId), ['bob'])
})

t.test('a batch ends when nobody waits for it, and names the credential only to those who may see it', async (t) => {
  const { read, batches, plan } = await withSecrets(t, numbered(3), never)
  const { promise, resolve } = Promise.withResolvers<undefined>()
  plan(async () => promise)
  const leavers = numbered(3).map(() => new AbortController())
  const outcomes = leavers.map(async ({ signal }, index) => read({ name: `n${index}`, call: { signal, mayNameCredential: () => index > 0 } }))
  leavers[0]?.abort(new Problem('caller-gone'))
  await iterations()
  const [batch] = batches
  t.same(batch?.names, ['n1', 'n2'], 'nothing is sent for a caller that has left')
  t.equal(batch?.call.mayNameCredential?.(), true)
  leavers[1]?.abort(new Problem('caller-gone'))
  t.equal(batch?.call.signal?.aborted, false)
  leavers[2]?.abort(new Problem('caller-gone'))
  t.equal(batch?.call.signal?.aborted, true)
  resolve(undefined)
  t.same((await Promise.all(outcomes)).map(({ problem }) => problem?.code), Array.from(leavers, () => 'caller-gone'))
})

t.test('renewals wait for each other, up to a twentieth of the time to live', async (t) => {
  const waits: { milliseconds: number, callback: () => void }[] = []
  const { read, reads, batches, passes, settles } = await withSecrets(t, numbered(3), {
    after (milliseconds, callback) {
      waits.push({ milliseconds, callback })
      return () => undefined
    }
  })
  for (const name of numbered(3)) await read({ name })
  passes(225_000)
  for (const name of numbered(2)) await read({ name })
  await iterations()
  t.same([reads.length, batches.length], [3, 0])
  passes(4_000)
  await read({ name: 'n2' })
  await iterations()
  t.same([reads.length, batches.length], [3, 0])
  t.equal(waits.at(-1)?.milliseconds, 15_000)
  waits.at(-1)?.callback()
  await settles()
  t.same(batches.map(({ names }) => names), [numbered(3)])
  t.ok(batches[0]?.call.background, 'they yield to others')
  t.match(await read({ name: 'n1' }), { status: { age: 4_000 } }, 'the age counts from when the renewal began to wait')
})
