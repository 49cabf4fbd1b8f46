import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SecretsManager, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend, type KmsKey } from '#src/local-backend/server'
import { account, otherAccount, region, start } from './backend.ts'

const { accountId } = account
const one = '11111111-1111-1111-1111-111111111111'
const two = '22222222-2222-2222-2222-222222222222'
const shared = '33333333-3333-3333-3333-333333333333'
const ofOther = '44444444-4444-4444-4444-444444444444'
const everywhere = 'mrk-55555555555555555555555555555555'
const disabled = '66666666-6666-6666-6666-666666666666'
const doomed = '77777777-7777-7777-7777-777777777777'

const kmsKeys: readonly KmsKey[] = [
  { accountId, region, keyId: one, aliases: ['alias/one', 'alias/team/first'] },
  { accountId, region, keyId: two, aliases: ['alias/two'] },
  { accountId: otherAccount.accountId, region, keyId: shared, aliases: ['alias/shared'], allowedAccounts: [accountId] },
  { accountId: otherAccount.accountId, region, keyId: ofOther, aliases: ['alias/one'] },
  { accountId, keyId: everywhere, aliases: ['alias/everywhere'] },
  { accountId, keyId: disabled, state: 'Disabled' },
  { accountId, keyId: doomed, state: 'PendingDeletion' }
]
const backend = await start(t, { kmsKeys })

function clientAt ({ url }: { url: string }, inRegion = region, credentials: SecretsManagerClientConfig['credentials'] = account): SecretsManager {
  const client = new SecretsManager({ endpoint: url, region: inRegion, credentials, maxAttempts: 1 })
  t.teardown(() => {
    client.destroy()
  })
  return client
}

const client = clientAt(backend)

async function create (KmsKeyId?: string, by = client): Promise<string> {
  const { ARN = '' } = await by.createSecret({ Name: `kms/${randomUUID()}`, SecretString: 'v', KmsKeyId })
  return ARN
}

/** Returns the KMS keys of a secret's versions, oldest version first. */
async function keysOf (SecretId: string, by = client): Promise<unknown> {
  const { Versions } = await by.listSecretVersionIds({ SecretId, IncludeDeprecated: true })
  return Versions?.map(({ KmsKeyIds }) => KmsKeyIds)
}

const setState = (keyId: string, state: 'Enabled' | 'Disabled' | 'PendingDeletion') => {
  backend.setKmsKeyState(accountId, keyId, state)
}

const arnOf = (name: string, owner = accountId, inRegion = region) => `arn:aws:kms:${inRegion}:${owner}:${name}`
const invalid = (reason: string) =>
  ({ name: 'InvalidParameterException', message: `The operation failed because of an invalid KMS key: ${reason}` })
const notAllowed = { name: 'AccessDeniedException', message: 'Access to KMS is not allowed' }
const encryptionFailure = {
  name: 'EncryptionFailure',
  message: 'Secrets Manager can\'t encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state.'
}
const decryptionFailure = {
  name: 'DecryptionFailure', message: 'Secrets Manager can\'t decrypt the protected secret text using the provided KMS key.'
}

await t.test('a key is shown under the ID, ARN, alias or alias ARN by which it was chosen', async (t) => {
  for (const KmsKeyId of [one, arnOf(`key/${one}`), 'alias/one', 'alias/team/first', arnOf('alias/team/first'), everywhere, arnOf(`key/${everywhere}`)]) {
    const SecretId = await create(KmsKeyId)
    t.equal((await client.describeSecret({ SecretId })).KmsKeyId, KmsKeyId)
    t.strictSame(await keysOf(SecretId), [[KmsKeyId]])
    t.match(await client.getSecretValue({ SecretId }), { SecretString: 'v' })
    const { SecretList } = await client.listSecrets({ Filters: [{ Key: 'name', Values: [SecretId.split(':')[6]?.slice(0, -7) ?? ''] }] })
    t.match(SecretList, [{ KmsKeyId }])
  }
  const SecretId = await create()
  t.notOk('KmsKeyId' in await client.describeSecret({ SecretId }))
  t.strictSame(await keysOf(SecretId), [['DefaultEncryptionKey']])
})

await t.test('keys that do not exist', async (t) => {
  const unknown = randomUUID()
  const SecretId = await create()
  for (const [KmsKeyId, error] of [
    ['alias/nowhere', invalid(`Alias ${arnOf('alias/nowhere')} is not found.`)],
    [arnOf('alias/nowhere'), invalid(`Alias ${arnOf('alias/nowhere')} is not found.`)],
    [unknown, invalid(`Key '${arnOf(`key/${unknown}`)}' does not exist`)],
    [arnOf(`key/${unknown}`), invalid(`Key '${arnOf(`key/${unknown}`)}' does not exist`)],
    ['one', invalid('Invalid keyId')],
    ['aws/secretsmanager', invalid('Invalid keyId')],
    ['arn:aws:kms', invalid('Invalid keyId')],
    [arnOf(`key/${one}`, accountId, 'us-east-1'), invalid('Invalid arn us-east-1')],
    ['alias/aws/s3', notAllowed]
  ] as const) {
    const Name = `kms/${randomUUID()}`
    await t.rejects(client.createSecret({ Name, SecretString: 'v', KmsKeyId }), error, KmsKeyId)
    await t.rejects(client.createSecret({ Name, KmsKeyId }), error, 'even without a value')
    await t.rejects(client.describeSecret({ SecretId: Name }), { name: 'ResourceNotFoundException' })
    await t.rejects(client.updateSecret({ SecretId, KmsKeyId, Description: 'no' }), error)
  }
  t.notOk('Description' in await client.describeSecret({ SecretId }), 'a rejected request changes nothing')
  await t.rejects(create('alias/one', clientAt(backend, 'us-east-1')), { name: 'InvalidParameterException' }, 'a key exists only in its region')
  const elsewhere = clientAt(backend, 'us-east-1')
  t.match(await elsewhere.getSecretValue({ SecretId: await create('alias/everywhere', elsewhere) }), { SecretString: 'v' })
})

await t.test('keys of another account', async (t) => {
  for (const name of [`key/${shared}`, 'alias/shared']) {
    t.match(await client.getSecretValue({ SecretId: await create(arnOf(name, otherAccount.accountId)) }), { SecretString: 'v' }, name)
  }
  for (const name of [`key/${ofOther}`, 'alias/one', 'alias/nowhere', `key/${randomUUID()}`, 'alias/aws/secretsmanager']) {
    await t.rejects(create(arnOf(name, otherAccount.accountId)), notAllowed, name)
  }
  await t.rejects(create('alias/shared'), { name: 'InvalidParameterException' }, 'an alias alone is one of the caller\'s own account')
  const other = clientAt(backend, region, otherAccount)
  t.match(await other.getSecretValue({ SecretId: await create('alias/one', other) }), { SecretString: 'v' })
})

await t.test('reading another account\'s secret, with and without access to its key', async (t) => {
  const other = clientAt(backend, region, otherAccount)
  const ResourcePolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: otherAccount.accountId }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }
  })
  const SecretId = await create('alias/one')
  await client.putResourcePolicy({ SecretId, ResourcePolicy })
  await t.rejects(other.getSecretValue({ SecretId }), notAllowed)
  await client.updateSecret({ SecretId, KmsKeyId: arnOf(`key/${shared}`, otherAccount.accountId) })
  t.match(await other.getSecretValue({ SecretId }), { SecretString: 'v' }, 'one usable key is enough')
})

await t.test('a disabled key can\'t encrypt', async (t) => {
  for (const KmsKeyId of [disabled, doomed]) await t.rejects(create(KmsKeyId), encryptionFailure)
  const SecretId = await create('alias/one')
  for (const state of ['Disabled', 'PendingDeletion'] as const) {
    setState(one, state)
    await t.rejects(client.putSecretValue({ SecretId, SecretString: 'w' }), encryptionFailure)
    await t.rejects(client.updateSecret({ SecretId, SecretString: 'w' }), encryptionFailure)
    await t.rejects(client.updateSecret({ SecretId, KmsKeyId: one }), encryptionFailure)
    await client.updateSecret({ SecretId, Description: state })
    t.match(await client.describeSecret({ SecretId }), { KmsKeyId: 'alias/one', Description: state }, 'operations that need no key succeed')
  }
  setState(one, 'Enabled')
  t.strictSame(await keysOf(SecretId), [['alias/one']])
  await client.putSecretValue({ SecretId, SecretString: 'w' })
  t.match(await client.getSecretValue({ SecretId }), { SecretString: 'w' })
})

await t.test('a disabled key can\'t decrypt until it is enabled again', async (t) => {
  const ClientRequestToken = randomUUID()
  const SecretId = await create('alias/one')
  const untouched = await create('alias/two')
  await client.putSecretValue({ SecretId, SecretString: 'w', ClientRequestToken })
  for (const state of ['Disabled', 'PendingDeletion'] as const) {
    setState(one, state)
    await t.rejects(client.getSecretValue({ SecretId }), decryptionFailure)
    await t.rejects(client.getSecretValue({ SecretId, VersionStage: 'AWSPREVIOUS' }), decryptionFailure)
    await t.rejects(client.putSecretValue({ SecretId, SecretString: 'w', ClientRequestToken }), decryptionFailure, 'a repeated request')
    const { SecretValues, Errors } = await client.batchGetSecretValue({ SecretIdList: [SecretId, untouched] })
    t.strictSame(Errors, [{ SecretId, ErrorCode: decryptionFailure.name, Message: decryptionFailure.message }])
    t.match(SecretValues, [{ ARN: untouched, SecretString: 'v' }])
  }
  setState(one, 'Enabled')
  t.match(await client.getSecretValue({ SecretId }), { SecretString: 'w' })
  t.throws(() => {
    backend.setKmsKeyState(otherAccount.accountId, one, 'Disabled')
  }, { message: `There is no KMS key ${one} in the account ${otherAccount.accountId}` })
})

await t.test('a new key can decrypt the versions with AWS\'s labels, like the old one, and encrypts new values', async (t) => {
  const SecretId = await create()
  const { VersionId: first = '' } = await client.getSecretValue({ SecretId })
  await client.putSecretValue({ SecretId, SecretString: 'previous' })
  await client.putSecretValue({ SecretId, SecretString: 'current' })
  await client.putSecretValue({ SecretId, SecretString: 'pending', VersionStages: ['AWSPENDING'] })
  await client.updateSecret({ SecretId, KmsKeyId: 'alias/one' })
  t.strictSame(await keysOf(SecretId), [
    ['DefaultEncryptionKey'], ...Array.from({ length: 3 }, () => ['DefaultEncryptionKey', 'alias/one'])
  ])
  await client.updateSecret({ SecretId, KmsKeyId: 'alias/two' })
  await client.updateSecret({ SecretId, KmsKeyId: two, SecretString: 'new' })
  const both = ['DefaultEncryptionKey', 'alias/one', 'alias/two']
  t.strictSame(await keysOf(SecretId), [['DefaultEncryptionKey'], both, both, both, [two]], 'another name of the same key adds no wrapped key')

  setState(two, 'Disabled')
  await t.rejects(client.getSecretValue({ SecretId }), decryptionFailure, 'a new version has only the new key')
  t.match(await client.getSecretValue({ SecretId, VersionStage: 'AWSPENDING' }), { SecretString: 'pending' }, 'the old keys can still decrypt it')
  t.match(await client.getSecretValue({ SecretId, VersionId: first }), { SecretString: 'v' })
  setState(two, 'Enabled')
  await client.updateSecret({ SecretId, KmsKeyId: '' })
  t.notOk('KmsKeyId' in await client.describeSecret({ SecretId }))
  t.strictSame((await keysOf(SecretId) as unknown[]).at(-1), [two, 'DefaultEncryptionKey'])
})

await t.test('versions that the old key can\'t decrypt are not encrypted under the new key', async (t) => {
  const SecretId = await create('alias/one')
  setState(one, 'Disabled')
  await client.updateSecret({ SecretId, KmsKeyId: 'alias/two' })
  t.strictSame(await keysOf(SecretId), [['alias/one']])
  await t.rejects(client.getSecretValue({ SecretId }), decryptionFailure)
  await client.putSecretValue({ SecretId, SecretString: 'w' })
  t.match(await client.getSecretValue({ SecretId }), { SecretString: 'w' })
  setState(one, 'Enabled')
  t.match(await client.getSecretValue({ SecretId, VersionStage: 'AWSPREVIOUS' }), { SecretString: 'v' })
})

await t.test('keys are declared at each start, and values can\'t be decrypted without them', async (t: Test) => {
  const dataDir = join(t.testdir({}), 'data')
  const first = await startLocalBackend({ accounts: [account], dataDir, kmsKeys })
  const SecretId = await create('alias/one', clientAt(first))
  await clientAt(first).updateSecret({ SecretId, KmsKeyId: 'alias/two' })
  first.setKmsKeyState(accountId, one, 'Disabled')
  await first.close()

  const again = await startLocalBackend({ accounts: [account], dataDir, kmsKeys: kmsKeys.filter(({ keyId }) => keyId !== two) })
  t.match(await clientAt(again).getSecretValue({ SecretId }), { SecretString: 'v' }, 'a key\'s state does not persist')
  await again.close()

  const without = await startLocalBackend({ accounts: [account], dataDir })
  const refused = clientAt(without)
  await t.rejects(refused.getSecretValue({ SecretId }), decryptionFailure)
  await t.rejects(refused.putSecretValue({ SecretId, SecretString: 'w' }), { name: 'InvalidParameterException' })
  await refused.updateSecret({ SecretId, KmsKeyId: '' })
  await refused.putSecretValue({ SecretId, SecretString: 'w' })
  t.match(await refused.getSecretValue({ SecretId }), { SecretString: 'w' })
  await without.close()
})

await t.test('a version can\'t be moved to another key in the database', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const first = await startLocalBackend({ accounts: [account], dataDir, kmsKeys })
  const SecretId = await create('alias/one', clientAt(first))
  await create('alias/two', clientAt(first))
  await first.close()
  for (const arn of [arnOf('alias/aws/secretsmanager'), arnOf(`key/${two}`), arnOf(`key/${everywhere}`), 'nonsense']) {
    const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
    database.prepare('UPDATE data_keys SET kms_key_arn = ? WHERE kms_key_id = \'alias/one\'').run(arn)
    database.close()
    const second = await startLocalBackend({ accounts: [account], dataDir, kmsKeys })
    await t.rejects(clientAt(second).getSecretValue({ SecretId }), decryptionFailure, arn)
    await second.close()
  }
})

await t.test('invalid declarations of keys', async (t) => {
  const keyId = randomUUID()
  for (const [keys, message] of [
    [[{ accountId: '1', keyId }], `The KMS key ${keyId} of the account 1 must belong to an account of 12 digits`],
    [[{ accountId, keyId: 'mine' }], `The KMS key mine of the account ${accountId} must have a UUID as its ID, or mrk- and 32 hexadecimal digits`],
    ...['mine', 'alias/aws/mine', 'alias/', 'alias/a b'].map((alias) => [
      [{ accountId, keyId, aliases: [alias] }],
      `The KMS key ${keyId} of the account ${accountId} has the alias ${alias}: an alias must start with alias/, but not with alias/aws/`
    ] as const),
    [[{ accountId, keyId }, { accountId, region, keyId }], `The KMS key ${keyId} of the account ${accountId}: ${keyId} exists already`],
    [
      [{ accountId, region, keyId: one, aliases: ['alias/a'] }, { accountId, keyId, aliases: ['alias/b', 'alias/a'] }],
      `The KMS key ${keyId} of the account ${accountId}: alias/a exists already`
    ]
  ] as const) {
    await t.rejects(startLocalBackend({ accounts: [account], kmsKeys: keys }), { message })
  }
  await (await startLocalBackend({
    accounts: [account],
    kmsKeys: [
      { accountId, region, keyId, aliases: ['alias/a'] }, { accountId, region: 'us-east-1', keyId, aliases: ['alias/a'] },
      { accountId: otherAccount.accountId, keyId, aliases: ['alias/a'] }
    ]
  })).close()
})
