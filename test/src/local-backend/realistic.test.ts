import { join } from 'node:path'
import {
  CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand, GetSecretValueCommand, ListSecretsCommand,
  PutSecretValueCommand, ReplicateSecretToRegionsCommand, RestoreSecretCommand, RotateSecretCommand, SecretsManagerClient,
  UpdateSecretVersionStageCommand
} from '@aws-sdk/client-secrets-manager'
import { ConfiguredRetryStrategy } from '@smithy/core/retry'
import t, { type Test } from 'tap'
import { createSeededRandom } from '#src/local-backend/realistic/seeded-random'
import { chances, delays } from '#src/local-backend/realistic/table'
import type { LocalBackend, LocalBackendOptions } from '#src/local-backend/server'
import { account, clientOf, day, region, start, stoppedClock } from './backend.ts'

const wait = async (): Promise<void> => Promise.resolve()

/**
 * Starts a realistic backend without latency, on a clock that moves only on demand. Its client retries calls that fail by chance.
 */
async function startRealistic (t: Test, seed: string, options: Partial<LocalBackendOptions> = {}) {
  const clock = stoppedClock()
  const backend: LocalBackend = await start(t, { realistic: { seed, wait }, now: () => clock.now, ...options })
  const retryStrategy = new ConfiguredRetryStrategy(10, 0)
  const client = new SecretsManagerClient({ endpoint: backend.url, region, credentials: account, retryStrategy })
  t.teardown(() => {
    client.destroy()
  })
  return { clock, backend, client }
}

const read = async (client: SecretsManagerClient, SecretId: string): Promise<string | undefined> => {
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

/** Reads a secret many times, and returns the different results. */
async function readings (client: SecretsManagerClient, SecretId: string): Promise<Set<string | undefined>> {
  const seen = new Set<string | undefined>()
  for (let count = 0; count < 30; count++) seen.add(await read(client, SecretId))
  return seen
}

async function listed (client: SecretsManagerClient): Promise<{ names: (string | undefined)[], sizes: number[] }> {
  const names: (string | undefined)[] = []
  const sizes: number[] = []
  let NextToken: string | undefined
  do {
    const page = await client.send(new ListSecretsCommand({ NextToken, MaxResults: 10 }))
    names.push(...(page.SecretList ?? []).map(({ Name }) => Name))
    sizes.push(page.SecretList?.length ?? 0)
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  return { names, sizes }
}

await t.test('a read may show the state before a write, until the longest delay has passed', async (t) => {
  const { clock, backend, client } = await startRealistic(t, 'reads')
  await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'first' }))
  t.ok((await readings(client, 's')).has('ResourceNotFoundException'))
  clock.move(delays.visibility.delay.longest)
  t.same(await readings(client, 's'), new Set(['first']))
  await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'second' }))
  t.ok((await readings(client, 's')).has('first'))
  clock.move(delays.visibility.delay.usual)
  t.same(await readings(client, 's'), new Set(['first', 'second']), 'readers have different delays')
  clock.move(delays.visibility.delay.longest)
  t.same(await readings(client, 's'), new Set(['second']))

  await client.send(new DeleteSecretCommand({ SecretId: 's' }))
  t.ok((await readings(client, 's')).has('second'))
  backend.settle()
  t.same(await readings(client, 's'), new Set(['InvalidRequestException']))
  await client.send(new RestoreSecretCommand({ SecretId: 's' }))
  t.ok((await readings(client, 's')).has('InvalidRequestException'))
  backend.settle()
  t.same(await readings(client, 's'), new Set(['second']))
})

await t.test('writes see earlier writes', async (t) => {
  const { client } = await startRealistic(t, 'writes')
  const { VersionId: first } = await client.send(new CreateSecretCommand({ Name: 's', SecretString: 'first' }))
  const { VersionId: second } = await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: 'second' }))
  await t.rejects(client.send(new UpdateSecretVersionStageCommand({
    SecretId: 's', VersionStage: 'AWSCURRENT', MoveToVersionId: first, RemoveFromVersionId: first
  })), { name: 'InvalidParameterException' }, 'the label is attached to the second version')
  await client.send(new UpdateSecretVersionStageCommand({
    SecretId: 's', VersionStage: 'AWSCURRENT', MoveToVersionId: first, RemoveFromVersionId: second
  }))
  await t.rejects(client.send(new CreateSecretCommand({ Name: 's' })), { name: 'ResourceExistsException' })
})

await t.test('a list lacks secrets for up to five minutes, and its pages are shorter than asked for, or empty', async (t) => {
  const { clock, client } = await startRealistic(t, 'lists')
  const all = Array.from({ length: 30 }, (_, index) => `s${String(index).padStart(2, '0')}`)
  for (const Name of all) await client.send(new CreateSecretCommand({ Name, SecretString: 'value' }))
  t.ok((await listed(client)).names.length < 30)
  clock.move(delays.listing.delay.longest)
  const sizes: number[] = []
  for (let count = 0; count < 10; count++) {
    const list = await listed(client)
    t.same(list.names, all)
    sizes.push(...list.sizes)
  }
  t.ok(sizes.includes(0), 'an empty page has a NextToken')
  t.ok(sizes.some((size) => size > 0 && size < 10))
  t.ok(sizes.includes(10))
})

await t.test('after a deletion without recovery, the name is in use for some seconds', async (t) => {
  const { clock, client } = await startRealistic(t, 'force')
  const create = new CreateSecretCommand({ Name: 's', SecretString: 'value' })
  const { ARN } = await client.send(create)
  const deletion = new DeleteSecretCommand({ SecretId: 's', ForceDeleteWithoutRecovery: true })
  await client.send(deletion)
  const again = new CreateSecretCommand({ Name: 's', SecretString: 'again' })
  await t.rejects(client.send(again), {
    message: 'You can\'t create this secret because a secret with this name is already scheduled for deletion.'
  })
  await t.rejects(client.send(new RestoreSecretCommand({ SecretId: 's' })), {
    message: 'You can\'t perform this operation on the secret because it was deleted.'
  })
  t.match(await client.send(deletion), { Name: 's' }, 'a repetition changes nothing')
  clock.move(delays.forcedDeletion.delay.longest)
  t.not((await client.send(again)).ARN, ARN)
})

await t.test('a replication passes through InProgress, and may fail', async (t) => {
  const { clock, backend, client } = await startRealistic(t, 'replicas')
  const statuses = new Set<string | undefined>()
  for (let count = 0; count < 60; count++) {
    const SecretId = `s${count}`
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'value' }))
    const { ReplicationStatus } = await client.send(new ReplicateSecretToRegionsCommand({
      SecretId, AddReplicaRegions: [{ Region: 'eu-central-1' }]
    }))
    t.match(ReplicationStatus, [{ Status: 'InProgress', StatusMessage: undefined }])
    clock.move(delays.replication.delay.longest)
    backend.settle()
    const described = await client.send(new DescribeSecretCommand({ SecretId }))
    statuses.add(described.ReplicationStatus?.[0]?.Status)
  }
  t.same(statuses, new Set(['InSync', 'Failed']))
})

await t.test('a call of a rotation function may fail, and the rotation is completed later', async (t) => {
  const steps: unknown[] = []
  const { clock, backend, client } = await startRealistic(t, 'rotation 15', {
    rotationFunctions: { rotator: join(import.meta.dirname, '../../fixtures/rotation/rotator.ts') },
    onRotationStep: ({ step, error }) => { steps.push(error ?? step) }
  })
  await client.send(new CreateSecretCommand({ Name: 's', SecretString: '{}' }))
  await client.send(new RotateSecretCommand({
    SecretId: 's', RotationLambdaARN: 'arn:aws:lambda:eu-west-1:123456789012:function:rotator', RotationRules: { AutomaticallyAfterDays: 1 }
  }))
  for (let attempts = 0; attempts < 10 && steps.at(-1) !== 'finishSecret'; attempts++) {
    backend.settle()
    await backend.runDueRotations()
    clock.move(day / 24)
  }
  t.equal(steps[0], 'TooManyRequestsException')
  t.equal(steps.at(-1), 'finishSecret')
})

await t.test('calls are throttled, fail and are cut off by chance, and take a while', async (t) => {
  const waited: number[] = []
  const slow = async (milliseconds: number): Promise<void> => { waited.push(milliseconds) }
  const backend = await start(t, { realistic: { seed: 'seed 2520', wait: slow } })
  const client = clientOf(t, backend)
  const outcomes = new Map<string, number>()
  for (let count = 0; count < 25; count++) {
    const outcome = await client.send(new GetRandomPasswordCommand()).then(() => 'answered', (error: unknown) => error instanceof Error ? error.name : '')
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  t.same(new Set(outcomes.keys()), new Set(['answered', 'ThrottlingException', 'InternalServiceError', 'TimeoutError']))
  t.equal(waited.length, 25 - (outcomes.get('ThrottlingException') ?? 0))
  const { shortest, usual, longest } = delays.latency.delay
  t.ok(waited.every((milliseconds) => milliseconds >= shortest && milliseconds <= longest))
  t.ok(waited.some((milliseconds) => milliseconds > usual))
})

await t.test('a call that fails may have been carried out', async (t) => {
  const { backend } = await startRealistic(t, 'seed 1759')
  const client = clientOf(t, backend)
  const outcomes = new Set<string>()
  for (let count = 0; count < 20; count++) {
    const Name = `s${count}`
    const failed = await client.send(new CreateSecretCommand({ Name })).then(() => undefined, (error: unknown) => error)
    if (!(failed instanceof Error) || failed.name === 'ThrottlingException') continue
    const again = await client.send(new CreateSecretCommand({ Name })).then(() => 'not done', (error: unknown) => error instanceof Error ? error.name : '')
    outcomes.add(`${failed.name}: ${again}`)
  }
  for (const outcome of ['InternalServiceError: not done', 'InternalServiceError: ResourceExistsException', 'TimeoutError: ResourceExistsException']) {
    t.ok(outcomes.has(outcome), outcome)
  }
})

await t.test('the same seed repeats the same run', async (t) => {
  async function run (seed: string): Promise<unknown[]> {
    const { clock, client } = await startRealistic(t, seed)
    await client.send(new CreateSecretCommand({ Name: 's', SecretString: '0' }))
    const seen: unknown[] = []
    for (let count = 1; count < 20; count++) {
      clock.move(100)
      await client.send(new PutSecretValueCommand({ SecretId: 's', SecretString: String(count) }))
      seen.push(await read(client, 's'))
    }
    return seen
  }
  const first = await run('a seed')
  t.same(await run('a seed'), first)
  t.notSame(await run('another seed'), first)
})

t.test('random decisions have the probabilities and delays in the table', (t) => {
  const random = createSeededRandom('random')
  const times = Array.from({ length: 5_000 }, () => random.delay('visibility')).sort((a, b) => a - b)
  const { usual, longest, tail } = delays.visibility.delay
  const late = times.filter((time) => time > usual).length / times.length
  t.ok(Math.abs(late - tail) < 0.02)
  t.ok((times.at(-1) ?? 0) <= longest)
  const thrown = Array.from({ length: 5_000 }, () => random.happens('shortPage')).filter(Boolean).length / 5_000
  t.ok(Math.abs(thrown - chances.shortPage.chance) < 0.03)
  for (const [name, { source }] of Object.entries({ ...delays, ...chances })) t.match(source, /AWS states|AWS documents|AWS has|[Gg]uess/, name)
  t.end()
})

await t.test('it keeps nothing, so a data folder is refused', async (t) => {
  await t.rejects(start(t, { realistic: { seed: 'a' }, dataDir: t.testdir() }), /can have no data folder/)
})

await t.test('by default, a timer simulates the latency', async (t) => {
  const client = clientOf(t, await start(t, { realistic: { seed: 'latency' } }))
  const before = performance.now()
  await client.send(new GetRandomPasswordCommand())
  t.ok(performance.now() - before >= delays.latency.delay.shortest - 1)
})
