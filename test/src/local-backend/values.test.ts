import { randomUUID } from 'node:crypto'
import {
  BatchGetSecretValueCommand, CreateSecretCommand, DescribeSecretCommand, GetSecretValueCommand, ListSecretVersionIdsCommand, ListSecretsCommand,
  PutSecretValueCommand, UpdateSecretCommand, type SecretsManagerClient
} from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { account, clientOf, day, errorIn, rawRequest, start, stoppedClock } from './backend.ts'

const clock = stoppedClock()
const kmsKeys = [{
  accountId: account.accountId, keyId: '1234abcd-12ab-34cd-56ef-1234567890ab', aliases: ['alias/mine', 'alias/one', 'alias/new']
}]
const backend = await start(t, { now: () => clock.now, kmsKeys })
const client = clientOf(t, backend)

let names = 0
const newName = () => `app/secret.${++names}`

async function create (value = 'first'): Promise<{ SecretId: string, ARN: string, VersionId: string }> {
  const { Name = '', ARN = '', VersionId = '' } = await client.send(new CreateSecretCommand({ Name: newName(), SecretString: value }))
  return { SecretId: Name, ARN, VersionId }
}

const get = (SecretId: string, choice = {}, by = client) => by.send(new GetSecretValueCommand({ SecretId, ...choice }))
const describe = (SecretId: string) => client.send(new DescribeSecretCommand({ SecretId }))
const put = (SecretId: string, SecretString: string, more = {}) =>
  client.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }))
const update = (SecretId: string, more = {}) => client.send(new UpdateSecretCommand({ SecretId, ...more }))

async function stages (SecretId: string, by: SecretsManagerClient = client): Promise<Record<string, string[] | undefined>> {
  const { Versions = [] } = await by.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }))
  return Object.fromEntries(Versions.map(({ VersionId = '', VersionStages }) => [VersionId, VersionStages]))
}

await t.test('a secret is created with all its details, and read by name, ARN and partial ARN', async (t) => {
  const Name = newName()
  const ClientRequestToken = randomUUID()
  const made = await client.send(new CreateSecretCommand({
    Name, ClientRequestToken, SecretString: 'wörd\u0000', Description: 'of a test', KmsKeyId: 'alias/mine', Type: 'SalesforceClientSecret',
    Tags: [{ Key: 'team', Value: 'a' }, { Key: 'empty', Value: '' }]
  }))
  t.match(made.ARN, new RegExp(`^arn:aws:secretsmanager:eu-west-1:123456789012:secret:${Name}-[A-Za-z0-9]{6}$`))
  t.match(made, { Name, VersionId: ClientRequestToken })

  const described = await describe(Name)
  t.strictSame({ ...described, $metadata: undefined }, {
    ARN: made.ARN, Name, Description: 'of a test', KmsKeyId: 'alias/mine', Type: 'SalesforceClientSecret',
    CreatedDate: new Date(clock.now), LastChangedDate: new Date(clock.now),
    Tags: [{ Key: 'team', Value: 'a' }, { Key: 'empty', Value: '' }], VersionIdsToStages: { [ClientRequestToken]: ['AWSCURRENT'] },
    $metadata: undefined
  })
  for (const SecretId of [Name, made.ARN ?? '', made.ARN?.slice(0, -7) ?? '']) {
    t.strictSame({ ...await get(SecretId), $metadata: undefined }, {
      ARN: made.ARN, Name, VersionId: ClientRequestToken, SecretString: 'wörd\u0000', VersionStages: ['AWSCURRENT'],
      CreatedDate: new Date(clock.now), $metadata: undefined
    })
  }
})

await t.test('a partial ARN whose name ends in a hyphen and six characters counts as complete', async (t) => {
  for (const [Name, found] of [['x-a1b2c3', false], ['x-a1b2', true], ['x-a1b2c3-', true], ['x-202601', true]] as const) {
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name, SecretString: 'v' }))
    t.match(await get(Name), { SecretString: 'v' })
    t.match(await get(ARN), { SecretString: 'v' })
    const byPartial = get(ARN.slice(0, -7))
    if (found) t.match(await byPartial, { SecretString: 'v' })
    else await t.rejects(byPartial, { name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.' })
  }
})

await t.test('an ARN of another place, of a missing secret, or of a name\'s earlier secret is not found', async (t) => {
  const { ARN } = await create()
  for (const SecretId of [
    ARN.replace('eu-west-1', 'us-east-1'), ARN.replace(':secretsmanager:', ':ssm:'),
    ARN.replace('arn:aws:', 'arn:aws-cn:'), `${ARN.slice(0, -6)}AAAAAA`, 'arn:aws:secretsmanager', 'unknown'
  ]) {
    await t.rejects(get(SecretId), { name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.' }, SecretId)
  }
})

await t.test('a secret without a value', async (t) => {
  const SecretId = newName()
  const made = await client.send(new CreateSecretCommand({ Name: SecretId, Description: '', KmsKeyId: '', Type: '' }))
  t.strictSame(Object.keys(made).sort(), ['$metadata', 'ARN', 'Name'])
  t.strictSame(Object.keys(await describe(SecretId)).sort(), ['$metadata', 'ARN', 'CreatedDate', 'LastChangedDate', 'Name'])
  await t.rejects(get(SecretId), {
    name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret value for staging label: AWSCURRENT'
  })
  const first = await put(SecretId, 'v', { VersionStages: ['AWSPENDING'] })
  t.strictSame(first.VersionStages, ['AWSCURRENT', 'AWSPENDING'], 'the first version is always the current one')
})

await t.test('binary values', async (t) => {
  const SecretId = newName()
  const SecretBinary = Uint8Array.from({ length: 65_536 }, (_, index) => index % 256)
  await client.send(new CreateSecretCommand({ Name: SecretId, SecretBinary }))
  const { SecretBinary: read, SecretString } = await get(SecretId)
  t.strictSame(Buffer.from(read ?? []), Buffer.from(SecretBinary))
  t.equal(SecretString, undefined)
})

await t.test('creating a secret again', async (t) => {
  const Name = newName()
  const ClientRequestToken = randomUUID()
  const made = await client.send(new CreateSecretCommand({ Name, ClientRequestToken, SecretString: 'v' }))
  const again = await client.send(new CreateSecretCommand({ Name, ClientRequestToken, SecretString: 'v' }))
  t.strictSame([again.ARN, again.Name, again.VersionId], [made.ARN, Name, ClientRequestToken])
  const inUse = {
    name: 'ResourceExistsException',
    message: `You can't use ClientRequestToken ${ClientRequestToken} because that value is already in use for a version of secret ${made.ARN}.`
  }
  for (const value of [{ SecretString: 'w' }, { SecretString: 'vv' }, { SecretBinary: Buffer.from('v') }]) {
    await t.rejects(client.send(new CreateSecretCommand({ Name, ClientRequestToken, ...value })), inUse)
  }
  const exists = { name: 'ResourceExistsException', message: `The operation failed because the secret ${Name} already exists.` }
  await t.rejects(client.send(new CreateSecretCommand({ Name, SecretString: 'v' })), exists)
  await t.rejects(client.send(new CreateSecretCommand({ Name, ClientRequestToken })), exists)
  t.match(await get(Name), { SecretString: 'v' })
})

await t.test('creating a secret again without a value', async (t) => {
  const Name = newName()
  const ClientRequestToken = randomUUID()
  const made = await client.send(new CreateSecretCommand({ Name, ClientRequestToken }))
  const again = await client.send(new CreateSecretCommand({ Name, ClientRequestToken }))
  t.strictSame({ ...again, $metadata: undefined }, { ARN: made.ARN, Name, $metadata: undefined })
  await t.rejects(client.send(new CreateSecretCommand({ Name })), { name: 'ResourceExistsException' }, 'another token')
  await t.rejects(client.send(new CreateSecretCommand({ Name, ClientRequestToken, SecretString: 'v' })), { name: 'ResourceExistsException' })
})

await t.test('the AWS managed key is not shown, whichever of its names was given', async (t) => {
  for (const KmsKeyId of ['', 'alias/aws/secretsmanager', 'arn:aws:kms:eu-west-1:123456789012:alias/aws/secretsmanager']) {
    const Name = newName()
    await client.send(new CreateSecretCommand({ Name, KmsKeyId, SecretString: 'v' }))
    t.notOk('KmsKeyId' in await describe(Name), KmsKeyId)
  }
})

await t.test('two values, or none', async (t) => {
  const both = { SecretString: 'v', SecretBinary: Buffer.from('v') }
  const { SecretId } = await create()
  for (const command of [
    new CreateSecretCommand({ Name: newName(), ...both }), new PutSecretValueCommand({ SecretId, ...both }),
    new UpdateSecretCommand({ SecretId, ...both })
  ]) {
    await t.rejects(client.send(command as CreateSecretCommand), { name: 'InvalidParameterException' })
  }
  await t.rejects(client.send(new PutSecretValueCommand({ SecretId })), {
    name: 'InvalidRequestException', message: 'You must provide either SecretString or SecretBinary.'
  })
})

await t.test('a token is required, and checked before the secret is looked up', async (t) => {
  for (const [operation, body] of [
    ['CreateSecret', { Name: 'n', SecretString: 'v' }], ['PutSecretValue', { SecretId: 'nowhere', SecretString: 'v' }],
    ['UpdateSecret', { SecretId: 'nowhere' }]
  ] as const) {
    const { type, message } = errorIn(t, await rawRequest(backend, { operation, body: JSON.stringify(body) }))
    t.equal(type, 'InvalidRequestException')
    t.equal(message, 'You must provide a ClientRequestToken value. We recommend a UUID-type value.')
  }
})

await t.test('putting a value moves AWSCURRENT and AWSPREVIOUS, and the old current version loses AWSPENDING', async (t) => {
  const { SecretId, VersionId: one } = await create()
  const two = randomUUID()
  t.match(await put(SecretId, 'second', { ClientRequestToken: two, VersionStages: ['AWSCURRENT', 'AWSPENDING', 'mine'] }), {
    Name: SecretId, VersionId: two, VersionStages: ['AWSCURRENT', 'AWSPENDING', 'mine']
  })
  t.strictSame(await stages(SecretId), { [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT', 'AWSPENDING', 'mine'] })
  const { VersionId: three = '' } = await put(SecretId, 'third')
  t.strictSame(await stages(SecretId), { [one]: undefined, [two]: ['AWSPREVIOUS', 'mine'], [three]: ['AWSCURRENT'] })
  t.match(await get(SecretId), { SecretString: 'third' })
  t.match(await get(SecretId, { VersionStage: 'AWSPREVIOUS' }), { SecretString: 'second' })
  t.match(await get(SecretId, { VersionStage: 'mine', VersionId: two }), { SecretString: 'second', VersionStages: ['AWSPREVIOUS', 'mine'] })
  const deprecated = await get(SecretId, { VersionId: one })
  t.equal(deprecated.SecretString, 'first')
  t.notOk('VersionStages' in deprecated, 'a version without a label has no list of labels')
})

await t.test('labels without AWSCURRENT leave it in place, and move from their old version', async (t) => {
  const { SecretId, VersionId: one } = await create()
  const { VersionId: two = '' } = await put(SecretId, 'second', { VersionStages: ['AWSPENDING', 'a', 'b'] })
  t.strictSame(await stages(SecretId), { [one]: ['AWSCURRENT'], [two]: ['AWSPENDING', 'a', 'b'] })
  const { VersionId: three = '' } = await put(SecretId, 'third', { VersionStages: ['AWSPENDING', 'a'] })
  t.strictSame(await stages(SecretId), { [one]: ['AWSCURRENT'], [two]: ['b'], [three]: ['AWSPENDING', 'a'] })
  const { VersionId: four = '' } = await put(SecretId, 'fourth')
  t.strictSame(await stages(SecretId), { [one]: ['AWSPREVIOUS'], [two]: ['b'], [three]: ['AWSPENDING', 'a'], [four]: ['AWSCURRENT'] })
})

await t.test('a secret has at most 20 labels', async (t) => {
  const { SecretId, VersionId } = await create()
  await put(SecretId, 'second', { VersionStages: Array.from({ length: 19 }, (_, index) => `label${index}`) })
  await t.rejects(put(SecretId, 'third', { VersionStages: ['one more'] }), { name: 'LimitExceededException' })
  t.equal(Object.keys(await stages(SecretId)).length, 2, 'a rejected request adds no version')
  t.match(await get(SecretId), { VersionId })
})

await t.test('the limit of labels does not prevent writing a secret', async (t) => {
  const { SecretId, VersionId: one } = await create()
  const labels = Array.from({ length: 19 }, (_, index) => `label${index}`)
  await put(SecretId, 'second', { VersionStages: labels })
  const { VersionId: three = '' } = await put(SecretId, 'third')
  t.strictSame((await stages(SecretId))[one], ['AWSPREVIOUS'], 'the 21st label, which AWS attaches automatically')
  await put(SecretId, 'fourth', { VersionStages: ['AWSCURRENT', 'label0'] })
  t.strictSame((await stages(SecretId))[three], ['AWSPREVIOUS'])
  await update(SecretId, { SecretString: 'fifth' })
  t.match(await get(SecretId), { SecretString: 'fifth' })
  await t.rejects(put(SecretId, 'sixth', { VersionStages: ['one more'] }), { name: 'LimitExceededException' })
})

await t.test('repeating a put or an update changes nothing; with another value it is rejected', async (t) => {
  const { SecretId, ARN } = await create()
  const ClientRequestToken = randomUUID()
  await put(SecretId, 'second', { ClientRequestToken })
  const { LastChangedDate } = await describe(SecretId)
  clock.move(1000)
  t.match(await put(SecretId, 'second', { ClientRequestToken }), { VersionId: ClientRequestToken, VersionStages: ['AWSCURRENT'] })
  t.strictSame((await describe(SecretId)).LastChangedDate, LastChangedDate)
  t.match(await update(SecretId, { SecretString: 'second', ClientRequestToken }), { VersionId: ClientRequestToken })
  t.equal(Object.keys(await stages(SecretId)).length, 2)
  const inUse = {
    name: 'ResourceExistsException',
    message: `You can't use ClientRequestToken ${ClientRequestToken} because that value is already in use for a version of secret ${ARN}.`
  }
  await t.rejects(put(SecretId, 'other', { ClientRequestToken }), inUse)
  await t.rejects(update(SecretId, { SecretString: 'other', ClientRequestToken, Description: 'no' }), inUse)
  t.notOk('Description' in await describe(SecretId), 'a rejected request changes nothing')
})

await t.test('an update changes only the given fields, and adds a version only for a value', async (t) => {
  const { SecretId, VersionId: one } = await create()
  const plain = await update(SecretId, { Description: 'described', KmsKeyId: 'alias/one', Type: 'partner' })
  t.strictSame(Object.keys(plain).sort(), ['$metadata', 'ARN', 'Name'])
  const { VersionId: two = '' } = await update(SecretId, { SecretString: 'second' })
  t.match(await describe(SecretId), {
    Description: 'described', KmsKeyId: 'alias/one', Type: 'partner',
    VersionIdsToStages: { [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT'] }
  })
  await update(SecretId, { Description: '', KmsKeyId: '', Type: '' })
  const cleared = await describe(SecretId)
  t.notOk('Description' in cleared || 'KmsKeyId' in cleared || 'Type' in cleared)
})

await t.test('the date of the last change increases with every change, even within a millisecond and with an equal value', async (t) => {
  const { SecretId } = await create()
  let last = (await describe(SecretId)).LastChangedDate?.getTime() ?? 0
  t.equal(last, clock.now)
  for (const change of [() => put(SecretId, 'same'), () => update(SecretId, { SecretString: 'same' }), () => update(SecretId, { Description: 'd' })]) {
    await change()
    const changed = (await describe(SecretId)).LastChangedDate?.getTime() ?? 0
    t.ok(changed > last, `${changed} after ${last}`)
    last = changed
  }
})

await t.test('reading records the day, as midnight UTC', async (t) => {
  const { SecretId, VersionId: one } = await create()
  const { VersionId: two } = await put(SecretId, 'second')
  t.notOk('LastAccessedDate' in await describe(SecretId))
  await get(SecretId)
  const midnight = new Date(clock.now - clock.now % day)
  t.strictSame((await describe(SecretId)).LastAccessedDate, midnight)
  const { Versions = [] } = await client.send(new ListSecretVersionIdsCommand({ SecretId }))
  t.strictSame(Versions.find(({ VersionId }) => VersionId === two)?.LastAccessedDate, midnight)
  t.notOk('LastAccessedDate' in (Versions.find(({ VersionId }) => VersionId === one) ?? {}))
  clock.move(day)
  await get(SecretId)
  t.strictSame((await describe(SecretId)).LastAccessedDate, new Date(midnight.getTime() + day))
})

await t.test('missing versions and labels', async (t) => {
  const { SecretId, VersionId } = await create()
  const unknown = randomUUID()
  const notFound = 'Secrets Manager can\'t find the specified secret value for'
  await t.rejects(get(SecretId, { VersionStage: 'AWSPREVIOUS' }), {
    name: 'ResourceNotFoundException', message: `${notFound} staging label: AWSPREVIOUS`
  })
  for (const choice of [{ VersionId: unknown }, { VersionId: unknown, VersionStage: 'AWSCURRENT' }]) {
    await t.rejects(get(SecretId, choice), { name: 'ResourceNotFoundException', message: `${notFound} VersionId: ${unknown}` })
  }
  await t.rejects(get(SecretId, { VersionId, VersionStage: 'AWSPREVIOUS' }), {
    name: 'InvalidRequestException', message: 'You provided a VersionStage that is not associated to the provided VersionId.'
  })
})

await t.test('versions are listed oldest first, with their keys, in pages, and those without a label only on request', async (t) => {
  const { SecretId, ARN, VersionId: one } = await create()
  const list = (more = {}) => client.send(new ListSecretVersionIdsCommand({ SecretId, ...more }))
  await put(SecretId, 'second')
  await put(SecretId, 'third')
  await update(SecretId, { KmsKeyId: 'alias/new' })
  const { VersionId: four } = await put(SecretId, 'fourth')
  const all = await list({ IncludeDeprecated: true })
  t.match(all, { ARN, Name: SecretId })
  t.notOk('NextToken' in all)
  t.strictSame(all.Versions?.map(({ KmsKeyIds }) => KmsKeyIds), [
    ['DefaultEncryptionKey'], ['DefaultEncryptionKey', 'alias/new'], ['DefaultEncryptionKey', 'alias/new'], ['alias/new']
  ])
  t.strictSame(Object.keys(all.Versions?.[0] ?? {}).sort(), ['CreatedDate', 'KmsKeyIds', 'VersionId'])
  t.strictSame([all.Versions?.[0]?.VersionId, all.Versions?.[3]?.VersionId], [one, four])
  t.equal((await list()).Versions?.length, 2)

  const first = await list({ IncludeDeprecated: true, MaxResults: 3 })
  t.strictSame(first.Versions, all.Versions?.slice(0, 3))
  const rest = await list({ IncludeDeprecated: true, MaxResults: 3, NextToken: first.NextToken })
  t.strictSame(rest.Versions, all.Versions?.slice(3))
  t.notOk('NextToken' in rest)
  await t.rejects(list({ NextToken: first.NextToken }), { name: 'InvalidNextTokenException' }, 'a token of another listing')
  const { SecretId: other } = await create()
  await t.rejects(client.send(new ListSecretVersionIdsCommand({ SecretId: other, IncludeDeprecated: true, NextToken: first.NextToken })), {
    name: 'InvalidNextTokenException'
  }, 'a token of another secret')
})

await t.test('the 100 newest versions without a label are kept, and all from the last day', async (t) => {
  const { SecretId } = await create()
  for (let count = 0; count < 110; count++) await put(SecretId, `value ${count}`)
  const count = async () => {
    const first = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }))
    if (first.NextToken === undefined) return first.Versions?.length
    const { NextToken } = first
    const second = await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true, NextToken }))
    return (first.Versions?.length ?? 0) + (second.Versions?.length ?? 0)
  }
  t.equal((await client.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }))).Versions?.length, 100)
  t.equal(await count(), 111)
  clock.move(day)
  await put(SecretId, 'a day later')
  t.equal(await count(), 102)
})

await t.test('several values in one call, with errors for some', async (t) => {
  const { SecretId: a } = await create('A')
  const { SecretId: b, ARN } = await create('B')
  const empty = newName()
  await client.send(new CreateSecretCommand({ Name: empty }))
  const batch = await client.send(new BatchGetSecretValueCommand({ SecretIdList: [a, ARN, 'nowhere', empty] }))
  t.strictSame(batch.SecretValues?.map(({ Name, SecretString }) => [Name, SecretString]), [[a, 'A'], [b, 'B']])
  t.strictSame(batch.Errors, [
    { SecretId: 'nowhere', ErrorCode: 'ResourceNotFoundException', Message: 'Secrets Manager can\'t find the specified secret.' },
    {
      SecretId: empty, ErrorCode: 'ResourceNotFoundException',
      Message: 'Secrets Manager can\'t find the specified secret value for staging label: AWSCURRENT'
    }
  ])
  t.ok('LastAccessedDate' in await describe(a))
})

await t.test('several values by filters, in pages', async (t) => {
  for (const value of ['one', 'two', 'three']) {
    await client.send(new CreateSecretCommand({ Name: `batch/${value}`, SecretString: value }))
  }
  const Filters = [{ Key: 'name' as const, Values: ['batch/'] }]
  const first = await client.send(new BatchGetSecretValueCommand({ Filters, MaxResults: 2 }))
  t.strictSame(first.SecretValues?.map(({ SecretString }) => SecretString), ['one', 'two'])
  const rest = await client.send(new BatchGetSecretValueCommand({ Filters, NextToken: first.NextToken }))
  t.strictSame(rest.SecretValues?.map(({ SecretString }) => SecretString), ['three'])
  await t.rejects(client.send(new ListSecretsCommand({ Filters, NextToken: first.NextToken })), {
    name: 'InvalidNextTokenException'
  }, 'a token of another operation')
  t.notOk('NextToken' in rest)
  const SecretIdList = ['batch/one']
  for (const input of [{}, { SecretIdList, Filters }]) {
    await t.rejects(client.send(new BatchGetSecretValueCommand(input)), {
      name: 'InvalidParameterException', message: 'Either \'SecretIdList\' or \'Filters\' must be provided, but not both.'
    })
  }
  await t.rejects(client.send(new BatchGetSecretValueCommand({ Filters: [] })), {
    name: 'InvalidParameterException', message: 'At least one filter must be given.'
  })
  const values = (count: number): string[] => Array.from({ length: count }, (_, index) => `batch/${index}`)
  for (const [names, others] of [[10, 0], [9, 1], [1, 9]] as const) {
    const filters = [{ Key: 'name' as const, Values: values(names) }, ...others === 0 ? [] : [{ Key: 'all' as const, Values: values(others) }]]
    t.ok((await client.send(new BatchGetSecretValueCommand({ Filters: filters }))).SecretValues, 'ten values of all filters together')
    await t.rejects(client.send(new BatchGetSecretValueCommand({ Filters: [...filters, { Key: 'tag-key', Values: ['eleventh'] }] })), {
      name: 'InvalidParameterException', message: 'The filter list has too many filters. You can include up to 10 filters.'
    })
    t.ok((await client.send(new ListSecretsCommand({ Filters: [...filters, { Key: 'tag-key', Values: ['eleventh'] }] }))).SecretList, 'ListSecrets has no such limit')
  }
  await t.rejects(client.send(new BatchGetSecretValueCommand({ SecretIdList, MaxResults: 1 })), { name: 'InvalidParameterException' })
})
