import { spawn } from 'node:child_process'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetSecretValueCommand, PutSecretValueCommand,
  SecretsManagerClient, TagResourceCommand
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend } from '../../../src/local-backend/server.ts'
import { account, clientOf, region } from './backend.ts'

const main = join(import.meta.dirname, '../../../src/local-backend/main.ts')
const rounds = 50
const writers = 4

/** What one writer was told is done with its one secret. */
interface Told {
  name: string
  /** Each version's value, by its ID. */
  values: Map<string, string>
  current?: string
  tag?: string
  deleted?: true
}

/** Writes one write after the other until the backend is gone. */
async function write (client: SecretsManagerClient, told: Told): Promise<void> {
  const SecretId = told.name
  const version = async (send: (input: { ClientRequestToken: string, SecretString: string }) => Promise<unknown>) => {
    const [ClientRequestToken, SecretString] = [randomUUID(), randomBytes(randomInt(1, 2000)).toString('hex')]
    await send({ ClientRequestToken, SecretString })
    told.values.set(ClientRequestToken, SecretString)
    told.current = ClientRequestToken
  }
  await version((input) => client.send(new CreateSecretCommand({ Name: SecretId, ...input })))
  for (let count = 1; count < 40; count++) {
    await version((input) => client.send(new PutSecretValueCommand({ SecretId, ...input })))
    if (count % 5 === 0) {
      await client.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'count', Value: String(count) }] }))
      told.tag = String(count)
    }
  }
  await client.send(new DeleteSecretCommand({ SecretId }))
  told.deleted = true
}

/** Starts the program, lets the writers write, and kills it at a random moment. */
async function round (t: Test, dataDir: string, number: number): Promise<Told[]> {
  const child = spawn(process.execPath, [
    main, '--port', '0', '--data-dir', dataDir, '--account', `${account.accountId}=${account.accessKeyId}:${account.secretAccessKey}`
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const started = Promise.race([once(child.stdout, 'data').then(([chunk]) => String(chunk)), gone.then(() => '')])
  // In some rounds it doesn't get as far as to listen.
  const early = number % 10 === 9
  const line = early ? '' : await started
  const endpoint = /http:\S+:\d+/.exec(line)?.[0]
  const told: Told[] = Array.from({ length: writers }, (_, writer) => ({ name: `round-${number}/writer-${writer}`, values: new Map() }))
  const client = new SecretsManagerClient({ endpoint: endpoint ?? '', region, credentials: account, maxAttempts: 1 })
  const writing = endpoint === undefined ? [] : told.map((one) => write(client, one).catch(() => undefined))
  await wait(randomInt(early ? 150 : 200))
  child.kill('SIGKILL')
  const [code, signal] = await gone as [number | null, string | null]
  t.ok(signal === 'SIGKILL' && code === null, `round ${number} was killed`)
  await Promise.all(writing)
  client.destroy()
  return told
}

/** Holds what is there against what was told; gives how many writes that were. */
async function check (t: Test, client: SecretsManagerClient, told: Told): Promise<number> {
  const { name: SecretId, values, current, tag, deleted } = told
  if (current === undefined) return 0
  const described = await client.send(new DescribeSecretCommand({ SecretId }))
  if (tag !== undefined) {
    const stored = Number(described.Tags?.find(({ Key }) => Key === 'count')?.Value)
    if (!(stored >= Number(tag))) t.fail(`${SecretId} has lost tag ${tag}`)
  }
  if (deleted) {
    if (described.DeletedDate === undefined) t.fail(`${SecretId} was to be deleted`)
    return values.size + 1
  }
  // The last write may have been done without being told: a deletion, after which nothing can be read, or one version more.
  if (described.DeletedDate !== undefined) return values.size
  for (const [VersionId, value] of values) {
    const read = await client.send(new GetSecretValueCommand({ SecretId, VersionId })).catch(() => undefined)
    if (read?.SecretString !== value) t.fail(`${SecretId} has lost ${VersionId}`)
  }
  const labels = described.VersionIdsToStages?.[current] ?? []
  if (!labels.some((label) => label === 'AWSCURRENT' || label === 'AWSPREVIOUS')) t.fail(`${SecretId} has lost the labels of ${current}`)
  return values.size + (tag === undefined ? 0 : Number(tag) / 5)
}

await t.test('no acknowledged write is lost when the program is killed', { timeout: 110_000 }, async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  let checked = 0
  const all: Told[] = []
  for (let number = 0; number < rounds; number++) {
    const told = await round(t, dataDir, number)
    all.push(...told)
    const backend = await startLocalBackend({ accounts: [account], dataDir })
    const client = clientOf(t, backend)
    for (const one of told) checked += await check(t, client, one)
    await backend.close()
  }
  const backend = await startLocalBackend({ accounts: [account], dataDir })
  let inTheEnd = 0
  for (const one of all) inTheEnd += await check(t, clientOf(t, backend), one)
  await backend.close()
  t.equal(inTheEnd, checked, 'nor is any lost by a later kill')
  t.ok(checked > rounds, `${checked} acknowledged writes`)
  t.comment(`${checked} acknowledged writes of ${rounds} rounds were checked, each twice`)
})
