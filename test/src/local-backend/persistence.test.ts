import { createHash, randomBytes } from 'node:crypto'
import fs, { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  BatchGetSecretValueCommand, CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetSecretValueCommand, ListSecretVersionIdsCommand,
  ListSecretsCommand, PutSecretValueCommand, UpdateSecretCommand
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend, type LocalBackend } from '#src/local-backend/server'
import { seal, unseal } from '#src/local-backend/store/sealing'
import { account, clientOf, day, otherAccount, region, start, stoppedClock } from './backend.ts'

function folder (t: Test): string {
  return join(t.testdir({}), 'made', 'by', 'the backend')
}

const open = (dataDir: string): Promise<LocalBackend> => startLocalBackend({ accounts: [account, otherAccount], dataDir })

await t.test('data survives a restart, in files that reveal none of it', async (t) => {
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
  t.ok(existsSync(join(dataDir, 'secrets.sqlite-wal')), 'the log is searched, too')
  checkFiles('while it runs')
  t.equal(statSync(dataDir).mode & 0o777, 0o700)
  await first.close()
  checkFiles('after it was closed')
  t.strictSame(readdirSync(dataDir).sort(), ['master.key', 'secrets.sqlite'])
  t.equal(statSync(join(dataDir, 'master.key')).size, 32)
  t.ok(readFileSync(join(dataDir, 'secrets.sqlite')).includes('kept'), 'the same search finds a description')

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

await t.test('a page token stays valid after a restart', async (t) => {
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

  const masterKey = readFileSync(join(dataDir, 'master.key'))
  const listing = ['ListSecrets', account.accountId, region, [], 'name', 'asc', false]
  const place = ['next-token', createHash('sha256').update(JSON.stringify(listing)).digest('hex')]
  t.equal(unseal(masterKey, place, Buffer.from(begun.NextToken ?? '', 'base64url')), undefined, 'is encrypted with another key')
  const forged = Buffer.from(seal(masterKey, place, Buffer.from('{"key":"","sequence":0}'))).toString('base64url')
  const third = await open(dataDir)
  await t.rejects(clientOf(t, third).send(new ListSecretsCommand({ SortBy: 'name', NextToken: forged })), { name: 'InvalidNextTokenException' })
  await third.close()
})

await t.test('an unusable master key', async (t) => {
  const dataDir = folder(t)
  const keyFile = join(dataDir, 'master.key')
  const database = join(dataDir, 'secrets.sqlite')
  await (await open(dataDir)).close()
  const key = readFileSync(keyFile)

  const refused = async (message: string) => t.rejects(open(dataDir), { message })
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(keyFile, mode)
    await refused(`The master key ${keyFile} can be read or written by other users. Allow only its owner: chmod 600 ${keyFile}`)
  }
  chmodSync(keyFile, 0o600)
  writeFileSync(keyFile, key.subarray(1))
  await refused(`The master key ${keyFile} has 31 bytes, but must have 32. Put the right file back, or remove it and the database to start with an empty one.`)
  writeFileSync(keyFile, randomBytes(32))
  await refused(`The master key ${keyFile} does not belong to the database beside it. Put the right key back, or remove both files to start with an empty database.`)
  rmSync(keyFile)
  await refused(`The master key ${keyFile} is missing, and nothing in ${database} can be read without it. Put the key back, or remove the database to start with an empty one.`)
  t.notOk(existsSync(keyFile), 'no new key is created')
  writeFileSync(keyFile, key, { mode: 0o600 })
  await (await open(dataDir)).close()
})

await t.test('a key without a database starts a new one', async (t) => {
  const dataDir = folder(t)
  await (await open(dataDir)).close()
  const key = readFileSync(join(dataDir, 'master.key'))
  rmSync(join(dataDir, 'secrets.sqlite'))
  await (await open(dataDir)).close()
  t.strictSame(readFileSync(join(dataDir, 'master.key')), key)
})

await t.test('the database of a newer program is rejected and left unchanged', async (t) => {
  const dataDir = folder(t)
  await (await open(dataDir)).close()
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec('PRAGMA user_version = 99')
  await t.rejects(open(dataDir), { message: /^The database has schema version 99, but this program supports only versions up to \d+\. Use the newer program that created it\.$/ })
  t.match(database.prepare('PRAGMA user_version').get(), { user_version: 99 })
  database.close()
})

/** Reverts a database to its first schema, in which a secret had one data key for all versions. */
function downgrade (file: string): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  const later = (type: string, first: string[]) => database.prepare('SELECT name FROM sqlite_schema WHERE type = ?').all(type)
    .map(({ name }) => String(name)).filter((name) => !name.startsWith('sqlite_') && !first.includes(name))
  database.exec(`
    ALTER TABLE secrets ADD COLUMN data_key BLOB NOT NULL DEFAULT x'';
    UPDATE secrets SET data_key = ifnull((SELECT wrapped FROM data_keys WHERE secret_id = id ORDER BY sequence LIMIT 1), x'');
    ALTER TABLE versions ADD COLUMN kms_key_id TEXT;
    UPDATE versions SET kms_key_id = (SELECT kms_key_id FROM secrets WHERE id = secret_id)`)
  for (const index of later('index', ['secrets_by_creation', 'secrets_to_purge', 'versions_by_age', 'staging_labels_by_version'])) {
    database.exec(`DROP INDEX ${index}`)
  }
  for (const table of later('table', ['secrets', 'versions', 'staging_labels', 'tags', 'master_key'])) database.exec(`DROP TABLE ${table}`)
  for (const column of ['primary_id', 'stale']) database.exec(`ALTER TABLE secrets DROP COLUMN ${column}`)
  database.exec('PRAGMA user_version = 1')
  database.close()
}

await t.test('a database with the first schema is migrated', async (t) => {
  const dataDir = folder(t)
  const first = await open(dataDir)
  await clientOf(t, first).send(new CreateSecretCommand({ Name: 'old', SecretString: 'value' }))
  await clientOf(t, first).send(new CreateSecretCommand({ Name: 'empty' }))
  await first.close()
  const file = join(dataDir, 'secrets.sqlite')
  downgrade(file)
  const database = new DatabaseSync(file)
  database.exec('UPDATE secrets SET kms_key_id = \'alias/undeclared\' WHERE name = \'old\'; UPDATE versions SET kms_key_id = \'alias/undeclared\'')
  database.close()

  const second = await open(dataDir)
  const client = clientOf(t, second)
  t.match(await client.send(new GetSecretValueCommand({ SecretId: 'old' })), { SecretString: 'value' })
  t.match((await client.send(new ListSecretVersionIdsCommand({ SecretId: 'old' }))).Versions, [{ KmsKeyIds: ['alias/undeclared'] }])
  await t.rejects(client.send(new PutSecretValueCommand({ SecretId: 'old', SecretString: 'newer' })), { name: 'InvalidParameterException' },
    'a key that was never declared')
  await client.send(new UpdateSecretCommand({ SecretId: 'old', KmsKeyId: '', SecretString: 'newer' }))
  t.match(await client.send(new GetSecretValueCommand({ SecretId: 'old' })), { SecretString: 'newer' })
  t.match(await client.send(new GetSecretValueCommand({ SecretId: 'old', VersionStage: 'AWSPREVIOUS' })), { SecretString: 'value' })
  await client.send(new PutSecretValueCommand({ SecretId: 'empty', SecretString: 'first' }))
  await second.close()
})

await t.test('values that were moved or modified in the database can\'t be decrypted', async (t) => {
  const dataDir = folder(t)
  const first = await open(dataDir)
  for (const Name of ['one', 'two', 'three', 'four', 'five', 'six', 'seven']) {
    await clientOf(t, first).send(new CreateSecretCommand({ Name, SecretString: `value ${Name}` }))
  }
  await clientOf(t, first).send(new PutSecretValueCommand({ SecretId: 'three', SecretString: 'newer' }))
  await first.close()
  copyFileSync(join(dataDir, 'secrets.sqlite'), join(dataDir, 'untouched'))
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec(`
    UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys ORDER BY sequence LIMIT 1 OFFSET 1)
      WHERE secret_id = (SELECT id FROM secrets WHERE name = 'one');
    UPDATE versions SET value = (SELECT value FROM versions ORDER BY sequence LIMIT 1)
      WHERE secret_id = (SELECT id FROM secrets WHERE name = 'two');
    UPDATE versions SET value = (SELECT value FROM versions AS older WHERE older.secret_id = versions.secret_id ORDER BY sequence LIMIT 1)
      WHERE secret_id = (SELECT id FROM secrets WHERE name = 'three');
    UPDATE versions SET value_member = 'SecretBinary' WHERE secret_id = (SELECT id FROM secrets WHERE name = 'four');
    UPDATE secrets SET account_id = '${otherAccount.accountId}' WHERE name = 'five';
    UPDATE secrets SET region = 'us-east-1' WHERE name = 'six';
    UPDATE secrets SET name = 'eight' WHERE name = 'seven'`)
  database.close()

  const second = await open(dataDir)
  const client = clientOf(t, second)
  const failure = { name: 'DecryptionFailure', message: 'Secrets Manager can\'t decrypt the protected secret text using the provided KMS key.' }
  for (const SecretId of ['one', 'two', 'three', 'four']) {
    await t.rejects(client.send(new GetSecretValueCommand({ SecretId })), failure, SecretId)
  }
  for (const [by, SecretId] of [
    [clientOf(t, second, otherAccount), 'five'], [clientOf(t, second, account, 'us-east-1'), 'six'], [client, 'eight']
  ] as const) {
    await t.rejects(by.send(new GetSecretValueCommand({ SecretId })), failure, SecretId)
  }
  const { Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList: ['one'] }))
  t.strictSame(Errors, [{ SecretId: 'one', ErrorCode: failure.name, Message: failure.message }])
  await second.close()
})

await t.test('an error of the database is not attributed to a single secret', async (t) => {
  const dataDir = folder(t)
  const backend = await start(t, { dataDir })
  await clientOf(t, backend).send(new CreateSecretCommand({ Name: 'a', SecretString: 'v' }))
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec('DROP TABLE staging_labels')
  database.close()
  await t.rejects(clientOf(t, backend).send(new BatchGetSecretValueCommand({ SecretIdList: ['a'] })), { name: 'InternalServiceError' })
})

await t.test('no byte of a permanently deleted value remains', async (t) => {
  const dataDir = folder(t)
  const clock = stoppedClock()
  const backend = await startLocalBackend({ accounts: [account], dataDir, now: () => clock.now })
  const client = clientOf(t, backend)
  for (const Name of ['kept', 'forced', 'expired']) await client.send(new CreateSecretCommand({ Name, SecretString: Name.repeat(500) }))
  const file = join(dataDir, 'secrets.sqlite')
  const database = new DatabaseSync(file)
  const sealed = database.prepare('SELECT value FROM versions ORDER BY sequence').all().map(({ value }) => Buffer.from(value as Uint8Array))
  await client.send(new DeleteSecretCommand({ SecretId: 'forced', ForceDeleteWithoutRecovery: true }))
  await client.send(new DeleteSecretCommand({ SecretId: 'expired', RecoveryWindowInDays: 7 }))
  clock.move(7 * day)
  t.equal((await client.send(new ListSecretsCommand({ IncludePlannedDeletion: true }))).SecretList?.length, 1)
  t.match(database.prepare('SELECT count(*) AS count FROM secrets').get(), { count: 1 }, 'a read purges secrets that are due')
  database.close()
  await backend.close()
  const bytes = readFileSync(file)
  t.strictSame(sealed.map((value) => bytes.includes(value.subarray(-1000))), [true, false, false])
})

await t.test('outdated versions are found without scanning all others', async (t) => {
  const dataDir = folder(t)
  const prepared = t.capture(DatabaseSync.prototype, 'prepare', Reflect.get(DatabaseSync.prototype, 'prepare'))
  const backend = await start(t, { dataDir })
  await clientOf(t, backend).send(new CreateSecretCommand({ Name: 'a', SecretString: 'v' }))
  prepared.restore()
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  const sql = prepared().map(({ args: [sql] }) => sql).find((one) => /DELETE FROM versions[^]*\$createdBy/.test(one)) ?? ''
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all({ secretId: '', kept: 0, createdBy: 0 }).map(({ detail }) => String(detail))
  database.close()
  t.ok(plan.some((step) => step.includes('INDEX versions_by_age (secret_id=? AND created_at<?)')), plan.join('\n'))
  t.notOk(plan.some((step) => /SCAN versions|TEMP B-TREE/.test(step)), plan.join('\n'))
})

await t.test('a data folder that other users can write to', async (t) => {
  const dataDir = folder(t)
  mkdirSync(dataDir, { recursive: true })
  for (const mode of [0o770, 0o707]) {
    chmodSync(dataDir, mode)
    await t.rejects(open(dataDir), {
      message: `The data folder ${dataDir} can be written by other users. Allow only its owner: chmod go-w ${dataDir}`
    })
  }
  t.strictSame(readdirSync(dataDir), [])
})

await t.test('a damaged database is rejected with its path, and closed', async (t) => {
  const dataDir = folder(t)
  await (await open(dataDir)).close()
  const file = join(dataDir, 'secrets.sqlite')
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill(0xff, 0, 4096))
  const closed = t.capture(DatabaseSync.prototype, 'close', Reflect.get(DatabaseSync.prototype, 'close'))
  await t.rejects(open(dataDir), {
    message: `The database ${file} can't be used: file is not a database. If it is damaged, put a saved copy back, or remove it and the master key to start with an empty one.`
  })
  closed.restore()
  t.equal(closed().length, 1)
})

/**
 * Runs a function just before this process creates the master key's file. The function can, for example, create the file first,
 * as another process might.
 */
function whileLinking (t: Test, meanwhile: (unfinished: string, file: string) => void): () => void {
  const { linkSync } = fs
  fs.linkSync = (from, to) => {
    meanwhile(String(from), String(to))
    linkSync(from, to)
  }
  syncBuiltinESMExports()
  const restore = () => {
    fs.linkSync = linkSync
    syncBuiltinESMExports()
  }
  t.teardown(restore)
  return restore
}

await t.test('of two processes that create the key at the same time, the slower one uses the key of the other', async (t) => {
  for (const swept of [false, true]) {
    const dataDir = join(folder(t), String(swept))
    const key = randomBytes(32)
    const restore = whileLinking(t, (unfinished, file) => {
      writeFileSync(file, key, { mode: 0o600 })
      if (swept) rmSync(unfinished)
    })
    await (await open(dataDir)).close()
    restore()
    t.strictSame(readFileSync(join(dataDir, 'master.key')), key)
    t.strictSame(readdirSync(dataDir).sort(), ['master.key', 'secrets.sqlite'])
  }
})

await t.test('a failure to create the key leaves no files behind', async (t) => {
  const dataDir = folder(t)
  const restore = whileLinking(t, () => {
    throw new Error('no links here')
  })
  await t.rejects(open(dataDir), { message: 'no links here' })
  restore()
  t.strictSame(readdirSync(dataDir), [])
})

await t.test('the unfinished key file of a killed process is removed at the next start', async (t) => {
  const dataDir = folder(t)
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(join(dataDir, 'master.key.0123456789ab'), randomBytes(32))
  await (await open(dataDir)).close()
  writeFileSync(join(dataDir, 'master.key.ba9876543210'), readFileSync(join(dataDir, 'master.key')))
  await (await open(dataDir)).close()
  t.strictSame(readdirSync(dataDir).sort(), ['master.key', 'secrets.sqlite'])
})
