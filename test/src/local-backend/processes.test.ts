import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import {
  BatchGetSecretValueCommand, CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand,
  GetSecretValueCommand, ListSecretVersionIdsCommand, ListSecretsCommand, PutSecretValueCommand, SecretsManagerClient
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { account, clientOf, day, region, spawnProgram, start, stoppedClock, urlOf } from './backend.ts'

/** Starts the program on a folder and kills it at the end of the test. */
async function program (t: Test, dataDir: string): Promise<{ url: string }> {
  const child = spawnProgram(dataDir)
  t.teardown(() => child.kill())
  return { url: await urlOf(child) ?? '' }
}

await t.test('while another process is writing, reads succeed, and writes are rejected after a time limit', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const clock = stoppedClock()
  const client = clientOf(t, await start(t, { dataDir, now: () => clock.now }))
  await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'v' }))
  const { ARN } = await client.send(new CreateSecretCommand({ Name: 'expiring', SecretString: 'v' }))
  await client.send(new DeleteSecretCommand({ SecretId: 'expiring', RecoveryWindowInDays: 7 }))
  await client.send(new GetSecretValueCommand({ SecretId: 'a' }))

  const other = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  other.exec('BEGIN IMMEDIATE')
  t.match(await client.send(new GetSecretValueCommand({ SecretId: 'a' })), { SecretString: 'v' }, 'not the day\'s first read')
  t.match(await client.send(new BatchGetSecretValueCommand({ SecretIdList: ['a'] })), { SecretValues: [{ SecretString: 'v' }] })
  t.match(await client.send(new DescribeSecretCommand({ SecretId: 'a' })), { Name: 'a' })
  t.equal((await client.send(new ListSecretsCommand())).SecretList?.length, 1)
  t.equal((await client.send(new ListSecretVersionIdsCommand({ SecretId: 'a' }))).Versions?.length, 1)
  await t.rejects(client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'w' })), { name: 'InternalServiceError' })
  clock.move(7 * day)
  for (const SecretId of ['expiring', ARN]) {
    await t.rejects(client.send(new DescribeSecretCommand({ SecretId })), { name: 'ResourceNotFoundException' }, 'no longer exists, even before it is purged')
  }
  other.exec('ROLLBACK')
  await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'w' }))
  other.exec('BEGIN EXCLUSIVE')
  t.match(await client.send(new GetRandomPasswordCommand()), { RandomPassword: /^.{32}$/ })
  other.close()
})

await t.test('a write waits for another process\'s transaction and then sees its changes', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const client = clientOf(t, await program(t, dataDir))
  await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'v' }))
  const other = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  other.exec('BEGIN IMMEDIATE; UPDATE secrets SET description = \'of the other\'')
  const writing = client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'w' }))
  await wait(150)
  other.exec('COMMIT')
  other.close()
  await writing
  t.match(await client.send(new DescribeSecretCommand({ SecretId: 'a' })), { Description: 'of the other' })
})

await t.test('two processes that start at once on a new folder share it and lose nothing', async (t) => {
  for (let round = 0; round < 4; round++) {
    const dataDir = join(t.testdir({}), `data${round}`)
    const both = await Promise.all([program(t, dataDir), program(t, dataDir)])
    t.notOk(both.some(({ url }) => url === ''), 'both have started')
    t.strictSame(readdirSync(dataDir).sort(), ['master.key', 'secrets.sqlite', 'secrets.sqlite-shm', 'secrets.sqlite-wal'])
    const clients = both.map(({ url }) => new SecretsManagerClient({ endpoint: url, region, credentials: account, maxAttempts: 10 }))
    const names = clients.map((_, index) => Array.from({ length: 10 }, (_, number) => `${index}/${number}`))
    await Promise.all(clients.map(async (client, index) => {
      for (const Name of names[index] ?? []) await client.send(new CreateSecretCommand({ Name, SecretString: Name }))
    }))
    for (const [index, client] of clients.entries()) {
      const theirs = names[1 - index] ?? []
      const { SecretValues } = await client.send(new BatchGetSecretValueCommand({ SecretIdList: theirs }))
      t.strictSame(SecretValues?.map(({ SecretString }) => SecretString), theirs)
      client.destroy()
    }
  }
})
