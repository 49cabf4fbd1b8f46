import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetSecretValueCommand, PutSecretValueCommand,
  RestoreSecretCommand, SecretsManagerClient, TagResourceCommand
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend } from '#src/local-backend/server'
import { until } from '#test/until'
import { account, region, spawnProgram, urlOf, type Program } from './backend.ts'

const rounds = 50
/** Every third round kills the program while it starts on a new folder. */
const firstStartEvery = 3
const writers = 4

/** What a writer knows about its secret: the writes that the backend has acknowledged. */
interface Acknowledged {
  name: string
  /** The values of the secret's versions, by version ID. */
  values: Map<string, string>
  current?: string
  tag?: number
  /** True if the secret is scheduled for deletion; undefined while a call that changes this is in progress. */
  deleted: boolean | undefined
}

const clientOf = (endpoint: string) => new SecretsManagerClient({ endpoint, region, credentials: account, maxAttempts: 1 })

/** Writes continuously until the backend is gone. */
async function write (t: Test, client: SecretsManagerClient, acknowledged: Acknowledged): Promise<void> {
  const SecretId = acknowledged.name
  const version = async (send: (input: { ClientRequestToken: string, SecretString: string }) => Promise<unknown>) => {
    const [ClientRequestToken, SecretString] = [randomUUID(), randomBytes(randomInt(1, 2000)).toString('hex')]
    await send({ ClientRequestToken, SecretString })
    acknowledged.values.set(ClientRequestToken, SecretString)
    acknowledged.current = ClientRequestToken
  }
  const schedule = async (deleted: boolean) => {
    acknowledged.deleted = undefined
    await client.send(deleted ? new DeleteSecretCommand({ SecretId }) : new RestoreSecretCommand({ SecretId }))
    acknowledged.deleted = deleted
  }
  await version((input) => client.send(new CreateSecretCommand({ Name: SecretId, ...input })))
  for (let count = 1; ; count++) {
    await version((input) => client.send(new PutSecretValueCommand({ SecretId, ...input })))
    if (count % 3 !== 0) continue
    await client.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'count', Value: String(count) }] }))
    acknowledged.tag = count
    await schedule(true)
    await schedule(false)
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }))
    if (SecretString !== acknowledged.values.get(acknowledged.current ?? '')) t.fail(`${SecretId} is not what was written last`)
  }
}

/**
 * Kills a program that starts on a new folder. First waits until the folder has changed `changes` times, or until the program
 * listens.
 */
async function killFirstStart (child: Program, dataDir: string, changes: number): Promise<void> {
  mkdirSync(dataDir, { mode: 0o700 })
  const watcher = watch(dataDir)
  await new Promise<void>((resolve) => {
    let seen = 0
    watcher.on('change', () => {
      if (++seen >= changes) resolve()
    })
    void urlOf(child).then(() => {
      resolve()
    })
  })
  child.kill('SIGKILL')
  watcher.close()
}

/**
 * Starts the program and kills it: either while it creates the files of its folder, or while four writers are active, after a
 * random number of their writes.
 */
async function round (t: Test, dataDir: string, number: number, firstStart: boolean): Promise<Acknowledged[]> {
  const child = spawnProgram(dataDir)
  const gone = once(child, 'exit')
  const acknowledged: Acknowledged[] = []
  if (firstStart) {
    await killFirstStart(child, dataDir, 1 + Math.floor(number / firstStartEvery))
  } else {
    const client = clientOf(await urlOf(child) ?? '')
    acknowledged.push(...Array.from({ length: writers }, (_, writer) => ({ name: `round-${number}/writer-${writer}`, values: new Map(), deleted: false })))
    const writing = acknowledged.map((one) => write(t, client, one).catch(() => undefined))
    const enough = randomInt(1, 12)
    await until(() => acknowledged.reduce((sum, { values }) => sum + values.size, 0) >= enough, 1)
    await wait(randomInt(5))
    child.kill('SIGKILL')
    await Promise.all(writing)
    client.destroy()
  }
  t.strictSame(await gone, [null, 'SIGKILL'], `round ${number} was killed`)
  return acknowledged
}

/** Compares the stored data with the acknowledged writes, and returns the IDs of the versions whose values are intact. */
async function check (t: Test, client: SecretsManagerClient, acknowledged: Acknowledged): Promise<string[]> {
  const { name: SecretId, values, current, tag = 0, deleted } = acknowledged
  if (current === undefined) return []
  const { Tags, DeletedDate, VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId }))
  const stored = Number(Tags?.find(({ Key }) => Key === 'count')?.Value ?? 0)
  if (stored < tag) t.fail(`${SecretId} has lost tag ${tag}`)
  // If `deleted` is undefined, the last deletion or restoration was not acknowledged. The backend may have carried it out or not.
  if (deleted !== undefined && deleted !== (DeletedDate !== undefined)) t.fail(`${SecretId} was ${deleted ? '' : 'not '}to be deleted`)
  const labels = VersionIdsToStages?.[current] ?? []
  if (!labels.some((label) => label === 'AWSCURRENT' || label === 'AWSPREVIOUS')) t.fail(`${SecretId} has lost the labels of ${current}`)
  // The values of a secret that is scheduled for deletion can't be read.
  if (DeletedDate !== undefined) await client.send(new RestoreSecretCommand({ SecretId }))
  acknowledged.deleted = false
  const intact = await Promise.all(Array.from(values, async ([VersionId, value]) => {
    const read = await client.send(new GetSecretValueCommand({ SecretId, VersionId })).catch(() => undefined)
    return read?.SecretString === value ? [VersionId] : []
  }))
  return intact.flat()
}

/** Starts a backend on the folder and checks all acknowledged writes. */
async function checkAll (t: Test, dataDir: string, all: readonly Acknowledged[], title: string): Promise<number> {
  const backend = await startLocalBackend({ accounts: [account], dataDir })
  const client = clientOf(backend.url)
  const intact: string[] = []
  for (const one of all) intact.push(...await check(t, client, one))
  t.strictSame(intact, all.flatMap(({ values }) => [...values.keys()]), title)
  client.destroy()
  await backend.close()
  t.strictSame(readdirSync(dataDir).sort(), ['master.key', 'secrets.sqlite'], 'no other file is left')
  return intact.length
}

await t.test('no acknowledged write is lost when the program is killed', { timeout: 110_000 }, async (t) => {
  const folder = t.testdir({})
  const all: Acknowledged[] = []
  for (let number = 0; number < rounds; number++) {
    const firstStart = number % firstStartEvery === 0
    const dataDir = join(folder, firstStart ? `new-${number}` : 'data')
    const acknowledged = await round(t, dataDir, number, firstStart)
    all.push(...acknowledged)
    await checkAll(t, dataDir, acknowledged, `after round ${number} every value is there`)
  }
  const checked = await checkAll(t, join(folder, 'data'), all, 'no write is lost by a later kill')
  t.ok(checked > rounds, `${checked} acknowledged values`)
  t.comment(`${checked} acknowledged values of ${rounds} rounds were read, each twice`)
})
