import { randomBytes } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  BatchGetSecretValueCommand, CreateSecretCommand, DescribeSecretCommand, GetSecretValueCommand, ListSecretsCommand,
  PutSecretValueCommand
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend, type LocalBackend } from '../../../src/local-backend/server.ts'
import { account, clientOf, otherAccount, start } from './backend.ts'

function folder (t: Test): string {
  return join(t.testdir({}), 'made', 'by', 'the backend')
}

const open = (dataDir: string): Promise<LocalBackend> => startLocalBackend({ accounts: [account, otherAccount], dataDir })

await t.test('what was stored is there after a restart, in files that show none of it to anyone', async (t) => {
  const dataDir = folder(t)
  const marker = `marker ${randomBytes(16).toString('hex')}`
  const first = await open(dataDir)
  const before = clientOf(t, first)
  await before.send(new CreateSecretCommand({ Name: 'text', SecretString: marker, Description: 'kept', Tags: [{ Key: 'a', Value: 'b' }] }))
  await before.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: Buffer.from(marker) }))
  await before.send(new PutSecretValueCommand({ SecretId: 'text', SecretString: `${marker} two` }))
  const described = await before.send(new DescribeSecretCommand({ SecretId: 'text' }))

  const checkFiles = (when: string) => {
    for (const file of readdirSync(dataDir)) {
      const bytes = readFileSync(join(dataDir, file))
      for (const form of [marker, Buffer.from(marker).toString('base64').slice(0, 20), Buffer.from(marker).toString('hex')]) {
        t.notOk(bytes.includes(form), `${file} ${when}`)
      }
      t.equal(statSync(join(dataDir, file)).mode & 0o777, 0o600, `${file} ${when}`)
    }
  }
  t.ok(existsSync(join(dataDir, 'secrets.sqlite-wal')), 'the log is looked at too')
  checkFiles('while it runs')
  t.equal(statSync(dataDir).mode & 0o777, 0o700)
  await first.close()
  checkFiles('after it was closed')
  t.strictSame(readdirSync(dataDir).sort(), ['master.key', 'secrets.sqlite'])
  t.equal(statSync(join(dataDir, 'master.key')).size, 32)
  t.ok(readFileSync(join(dataDir, 'secrets.sqlite')).includes('kept'), 'a description is found by such a search')

  const second = await open(dataDir)
  const after = clientOf(t, second)
  t.match(await after.send(new GetSecretValueCommand({ SecretId: 'text' })), { SecretString: `${marker} two` })
  t.match(await after.send(new GetSecretValueCommand({ SecretId: 'text', VersionStage: 'AWSPREVIOUS' })), { SecretString: marker })
  const { SecretBinary } = await after.send(new GetSecretValueCommand({ SecretId: 'bytes' }))
  t.equal(Buffer.from(SecretBinary ?? []).toString(), marker)
  const again = await after.send(new DescribeSecretCommand({ SecretId: 'text' }))
  t.strictSame({ ...again, $metadata: 0, LastAccessedDate: 0 }, { ...described, $metadata: 0, LastAccessedDate: 0 })
  await t.rejects(clientOf(t, second, otherAccount).send(new GetSecretValueCommand({ SecretId: 'text' })), { name: 'ResourceNotFoundException' })
  await second.close()
})

await t.test('a page begun before a restart goes on after it', async (t) => {
  const dataDir = folder(t)
  const first = await open(dataDir)
  for (const Name of ['a', 'b', 'c']) await clientOf(t, first).send(new CreateSecretCommand({ Name, SecretString: Name }))
  const begun = await clientOf(t, first).send(new ListSecretsCommand({ MaxResults: 2, SortBy: 'name' }))
  await first.close()
  const second = await open(dataDir)
  const rest = await clientOf(t, second).send(new ListSecretsCommand({ SortBy: 'name', NextToken: begun.NextToken }))
  t.strictSame(rest.SecretList?.map(({ Name }) => Name), ['c'])
  await second.close()
  const other = await start(t)
  await t.rejects(clientOf(t, other).send(new ListSecretsCommand({ SortBy: 'name', NextToken: begun.NextToken })), {
    name: 'InvalidNextTokenException'
  }, 'a token of another backend')
})

await t.test('a master key that can not be used', async (t) => {
  const dataDir = folder(t)
  const keyFile = join(dataDir, 'master.key')
  const database = join(dataDir, 'secrets.sqlite')
  await (await open(dataDir)).close()
  const key = readFileSync(keyFile)

  const refused = async (message: string) => t.rejects(open(dataDir), { message })
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(keyFile, mode)
    await refused(`The master key ${keyFile} can be read or written by others than its owner. Allow only the owner: chmod 600 ${keyFile}`)
  }
  chmodSync(keyFile, 0o600)
  writeFileSync(keyFile, key.subarray(1))
  await refused(`The master key ${keyFile} has 31 bytes and must have 32. Put the right file back, or remove it and the database to start with an empty one.`)
  writeFileSync(keyFile, randomBytes(32))
  await refused(`The master key ${keyFile} is not the one that the database beside it was made with. Put that key back, or remove both files to start with an empty database.`)
  rmSync(keyFile)
  await refused(`The master key ${keyFile} is missing, and nothing in ${database} can be read without it. Put the key back, or remove the database to start with an empty one.`)
  t.notOk(existsSync(keyFile), 'no new key is made')
  writeFileSync(keyFile, key, { mode: 0o600 })
  await (await open(dataDir)).close()
})

await t.test('a key without a database begins a new one', async (t) => {
  const dataDir = folder(t)
  await (await open(dataDir)).close()
  const key = readFileSync(join(dataDir, 'master.key'))
  rmSync(join(dataDir, 'secrets.sqlite'))
  await (await open(dataDir)).close()
  t.strictSame(readFileSync(join(dataDir, 'master.key')), key)
})

await t.test('a database of a newer program is refused, and left as it is', async (t) => {
  const dataDir = folder(t)
  await (await open(dataDir)).close()
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec('PRAGMA user_version = 99')
  await t.rejects(open(dataDir), { message: /^The database has schema 99 and this program knows up to \d+\. Use the newer program that made it\.$/ })
  t.match(database.prepare('PRAGMA user_version').get(), { user_version: 99 })
  database.close()
})

await t.test('what was moved or changed in the database does not open', async (t) => {
  const dataDir = folder(t)
  const first = await open(dataDir)
  for (const Name of ['one', 'two', 'three', 'four']) {
    await clientOf(t, first).send(new CreateSecretCommand({ Name, SecretString: `value ${Name}` }))
  }
  await clientOf(t, first).send(new PutSecretValueCommand({ SecretId: 'three', SecretString: 'newer' }))
  await first.close()
  copyFileSync(join(dataDir, 'secrets.sqlite'), join(dataDir, 'untouched'))
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec(`
    UPDATE secrets SET data_key = (SELECT data_key FROM secrets WHERE name = 'two') WHERE name = 'one';
    UPDATE versions SET value = (SELECT value FROM versions ORDER BY sequence LIMIT 1)
      WHERE secret_id = (SELECT id FROM secrets WHERE name = 'two');
    UPDATE versions SET value = (SELECT value FROM versions AS older WHERE older.secret_id = versions.secret_id ORDER BY sequence LIMIT 1)
      WHERE secret_id = (SELECT id FROM secrets WHERE name = 'three');
    UPDATE versions SET value_member = 'SecretBinary' WHERE secret_id = (SELECT id FROM secrets WHERE name = 'four')`)
  database.close()

  const second = await open(dataDir)
  const client = clientOf(t, second)
  const failure = { name: 'DecryptionFailure', message: 'Secrets Manager can\'t decrypt the protected secret text using the provided KMS key.' }
  for (const SecretId of ['one', 'two', 'three', 'four']) {
    await t.rejects(client.send(new GetSecretValueCommand({ SecretId })), failure, SecretId)
  }
  const { Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList: ['one'] }))
  t.strictSame(Errors, [{ SecretId: 'one', ErrorCode: failure.name, Message: failure.message }])
  await second.close()
})

await t.test('an error of the database is no error of one secret', async (t) => {
  const dataDir = folder(t)
  const backend = await start(t, { dataDir })
  await clientOf(t, backend).send(new CreateSecretCommand({ Name: 'a', SecretString: 'v' }))
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec('DROP TABLE staging_labels')
  database.close()
  await t.rejects(clientOf(t, backend).send(new BatchGetSecretValueCommand({ SecretIdList: ['a'] })), { name: 'InternalServiceError' })
})
