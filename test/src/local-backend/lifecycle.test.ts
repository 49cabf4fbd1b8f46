import {
  CreateSecretCommand, DeleteSecretCommand, DescribeSecretCommand, GetRandomPasswordCommand, GetSecretValueCommand,
  BatchGetSecretValueCommand, ListSecretVersionIdsCommand, ListSecretsCommand, PutSecretValueCommand, RestoreSecretCommand,
  TagResourceCommand, UpdateSecretCommand
} from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { account, clientOf, day, otherAccount, rawRequest, start, stoppedClock } from './backend.ts'

const clock = stoppedClock()
const backend = await start(t, { now: () => clock.now })
const client = clientOf(t, backend)

let names = 0

async function create (more = {}): Promise<{ SecretId: string, ARN: string }> {
  const { Name = '', ARN = '' } = await client.send(new CreateSecretCommand({ Name: `life/${++names}`, SecretString: 'v', ...more }))
  return { SecretId: Name, ARN }
}

const describe = (SecretId: string) => client.send(new DescribeSecretCommand({ SecretId }))
const remove = (SecretId: string, more = {}) => client.send(new DeleteSecretCommand({ SecretId, ...more }))
const tag = (SecretId: string, ...Tags: { Key?: string, Value?: string }[]) =>
  client.send(new TagResourceCommand({ SecretId, Tags }))

const marked = {
  name: 'InvalidRequestException', message: 'You can\'t perform this operation on the secret because it was marked for deletion.'
}
const notFound = { name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.' }
const accessDenied = { name: 'AccessDeniedException' }

await t.test('scheduled deletion: the operations that work, those that do not, and the end of the recovery window', async (t) => {
  const { SecretId, ARN } = await create()
  const deleted = await remove(ARN)
  t.match(deleted, { ARN, Name: SecretId })
  t.strictSame(deleted.DeletionDate, new Date(clock.now + 30 * day))

  const described = await describe(SecretId)
  t.strictSame(described.DeletedDate, new Date(clock.now))
  t.equal(Object.keys(described.VersionIdsToStages ?? {}).length, 1)
  t.equal((await client.send(new ListSecretVersionIdsCommand({ SecretId }))).Versions?.length, 1)
  await t.rejects(client.send(new GetSecretValueCommand({ SecretId })), marked)
  await t.rejects(client.send(new PutSecretValueCommand({ SecretId, SecretString: 'w' })), marked)
  await t.rejects(client.send(new UpdateSecretCommand({ SecretId })), marked)
  await t.rejects(tag(SecretId, { Key: 'a' }), marked)
  await t.rejects(remove(SecretId), marked)
  await t.rejects(client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'v' })), {
    name: 'InvalidRequestException',
    message: 'You can\'t create this secret because a secret with this name is already scheduled for deletion.'
  })
  const { Errors } = await client.send(new BatchGetSecretValueCommand({ SecretIdList: [SecretId] }))
  t.strictSame(Errors, [{ SecretId, ErrorCode: marked.name, Message: marked.message }])

  clock.move(30 * day - 1)
  t.match(await describe(SecretId), { ARN })
  clock.move(1)
  await t.rejects(describe(SecretId), notFound)
  const { ARN: newArn } = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'v' }))
  t.not(newArn, ARN, 'a reused name gets a different ARN')
  await t.rejects(describe(ARN), notFound)
})

await t.test('a shorter recovery window, and restoring a secret within it', async (t) => {
  const { SecretId, ARN } = await create()
  t.strictSame((await remove(SecretId, { RecoveryWindowInDays: 7 })).DeletionDate, new Date(clock.now + 7 * day))
  clock.move(6 * day)
  const restored = await client.send(new RestoreSecretCommand({ SecretId }))
  t.strictSame([restored.ARN, restored.Name], [ARN, SecretId])
  t.notOk('DeletedDate' in await describe(SecretId))
  clock.move(60 * day)
  t.match(await client.send(new GetSecretValueCommand({ SecretId })), { SecretString: 'v' })
  const { LastChangedDate } = await describe(SecretId)
  t.match(await client.send(new RestoreSecretCommand({ SecretId })), { ARN }, 'a secret that is not scheduled for deletion')
  t.strictSame((await describe(SecretId)).LastChangedDate, LastChangedDate)
  await t.rejects(client.send(new RestoreSecretCommand({ SecretId: 'nowhere' })), notFound)
})

await t.test('invalid recovery windows', async (t) => {
  const { SecretId } = await create()
  for (const RecoveryWindowInDays of [0, 6, 31]) {
    await t.rejects(remove(SecretId, { RecoveryWindowInDays }), {
      name: 'InvalidParameterException', message: 'RecoveryWindowInDays value must be between 7 and 30 days (inclusive).'
    })
  }
  await t.rejects(remove(SecretId, { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }), {
    name: 'InvalidParameterException', message: 'You can\'t use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.'
  })
  t.notOk('DeletedDate' in await describe(SecretId))
})

await t.test('immediate deletion: of a secret, of a scheduled one, and of a missing one', async (t) => {
  const { SecretId, ARN } = await create()
  await remove(SecretId, { RecoveryWindowInDays: 7 })
  const deleted = await remove(SecretId, { ForceDeleteWithoutRecovery: true })
  t.strictSame([deleted.ARN, deleted.Name, deleted.DeletionDate], [ARN, SecretId, new Date(clock.now)])
  await t.rejects(describe(SecretId), notFound)
  const again = await remove(SecretId, { ForceDeleteWithoutRecovery: true })
  t.match(again, { Name: SecretId, ARN: new RegExp(`:secret:${SecretId}-[A-Za-z0-9]{6}$`) })
  t.match(await remove(ARN, { ForceDeleteWithoutRecovery: true }), { Name: SecretId })
  await t.rejects(remove(ARN.replace(account.accountId, otherAccount.accountId), { ForceDeleteWithoutRecovery: true }), accessDenied)
  await t.rejects(remove('no such name', { ForceDeleteWithoutRecovery: true }), { name: 'ValidationException' })
  await t.rejects(remove('nowhere'), notFound)
})

await t.test('accounts and regions are isolated from each other', async (t) => {
  const { SecretId, ARN } = await create()
  const others = [clientOf(t, backend, otherAccount), clientOf(t, backend, account, 'us-east-1')]
  for (const [index, other] of others.entries()) {
    for (const [id, refusal] of [[SecretId, notFound], [ARN, index === 0 ? accessDenied : notFound]] as const) {
      await t.rejects(other.send(new GetSecretValueCommand({ SecretId: id })), refusal)
      await t.rejects(other.send(new PutSecretValueCommand({ SecretId: id, SecretString: 'w' })), refusal)
      await t.rejects(other.send(new DeleteSecretCommand({ SecretId: id })), refusal)
    }
    t.strictSame((await other.send(new ListSecretsCommand({ IncludePlannedDeletion: true }))).SecretList, [])
    await other.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
  }
  for (const [index, other] of others.entries()) {
    await other.send(new CreateSecretCommand({ Name: SecretId, SecretString: `of ${index}` }))
    t.match(await other.send(new GetSecretValueCommand({ SecretId })), { SecretString: `of ${index}` })
  }
  t.match(await client.send(new GetSecretValueCommand({ SecretId })), { SecretString: 'v' })
})

await t.test('tags', async (t) => {
  const { SecretId } = await create({ Tags: [] })
  t.notOk('Tags' in await describe(SecretId), 'tags are absent until the first one is attached')
  await tag(SecretId)
  t.notOk('Tags' in await describe(SecretId))
  const raw = await rawRequest(backend, { operation: 'TagResource', body: JSON.stringify({ SecretId, Tags: [{ Key: 'a', Value: '1' }] }) })
  t.match(raw, { status: 200, body: '', headers: { 'content-length': '0', 'content-type': 'application/x-amz-json-1.1' } })
  await tag(SecretId, { Key: 'b', Value: '2' }, { Key: 'a', Value: '3' }, { Key: 'c' })
  const { Tags, LastChangedDate, CreatedDate } = await describe(SecretId)
  t.strictSame(Tags, [{ Key: 'a', Value: '3' }, { Key: 'b', Value: '2' }, { Key: 'c', Value: '' }])
  t.ok((LastChangedDate ?? 0) > (CreatedDate ?? 0))

  await t.rejects(tag(SecretId, { Key: 'aws:x', Value: 'y' }), {
    name: 'InvalidParameterException', message: 'You can\'t modify system tags. Tag key: \'aws:x\'.'
  })
  for (const Key of ['AWS:x', 'Aws:']) {
    await t.rejects(tag(SecretId, { Key, Value: 'y' }), { message: `You can't modify system tags. Tag key: '${Key}'.` })
  }
  await t.rejects(tag(SecretId, { Key: 'd' }, { Key: 'd' }), { name: 'InvalidParameterException' })
  await t.rejects(tag(SecretId, { Value: 'no key' }), { name: 'InvalidParameterException' })
  await t.rejects(tag(SecretId, ...Array.from({ length: 48 }, (_, index) => ({ Key: `k${index}` }))), { name: 'InvalidParameterException' })
  t.equal((await describe(SecretId)).Tags?.length, 3, 'a rejected request attaches no tag')
  await tag(SecretId, ...Array.from({ length: 47 }, (_, index) => ({ Key: `k${index}` })))
  t.equal((await describe(SecretId)).Tags?.length, 50)
  await t.rejects(tag('nowhere', { Key: 'a' }), notFound)
})

await t.test('random passwords', async (t) => {
  const password = async (input = {}) => (await client.send(new GetRandomPasswordCommand(input))).RandomPassword ?? ''
  const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9 ]/]
  for (let count = 0; count < 50; count++) {
    t.equal((await password()).length, 32)
    const short = await password({ PasswordLength: 4 })
    t.ok(kinds.every((kind) => kind.test(short)), 'one character of each type')
  }
  t.match(await password({ ExcludeLowercase: true, ExcludeNumbers: true, ExcludePunctuation: true }), /^[A-Z]{32}$/)
  t.match(await password({ PasswordLength: 200, ExcludeUppercase: true, ExcludePunctuation: true, ExcludeCharacters: 'abc123' }), /^[d-z04-9]{200}$/)
  t.match(await password({ PasswordLength: 4096, IncludeSpace: true }), / /)
  t.notMatch(await password({ PasswordLength: 4096 }), / /)
  t.match(await password({ PasswordLength: 1, RequireEachIncludedType: false }), /^.$/)
  t.equal(new Set(await Promise.all(Array.from({ length: 20 }, () => password()))).size, 20)
  const firsts = new Set<string>()
  for (let count = 0; count < 200; count++) firsts.add((await password({ PasswordLength: 4 })).charAt(0))
  t.ok(kinds.every((kind) => [...firsts].some((first) => kind.test(first))), 'any type can come first')
  await t.rejects(password({ PasswordLength: 3 }), {
    name: 'InvalidParameterException', message: 'Password length is too short based on the required types.'
  })
  await t.rejects(password({ ExcludeUppercase: true, ExcludeLowercase: true, ExcludeNumbers: true, ExcludePunctuation: true }), {
    name: 'InvalidParameterException'
  })
})
