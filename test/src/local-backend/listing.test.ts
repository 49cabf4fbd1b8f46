import {
  BatchGetSecretValueCommand, CreateSecretCommand, DeleteSecretCommand, GetSecretValueCommand, ListSecretsCommand, TagResourceCommand, UpdateSecretCommand,
  type Filter, type ListSecretsCommandInput
} from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { account, clientOf, day, otherAccount, start, stoppedClock } from './backend.ts'

const clock = stoppedClock()
const backend = await start(t, { now: () => clock.now })
const client = clientOf(t, backend)

const secrets = [
  { Name: 'testing1/one', Description: 'a secret', Tags: [{ Key: 'Team', Value: 'Blue' }] },
  { Name: '/testing2/two', Description: 'an secret' },
  { Name: 'testing3/three', Description: 'asecret', Tags: [{ Key: 'team', Value: 'blue green' }, { Key: 'other', Value: 'x' }] },
  { Name: '/testing4/four', Description: 'thesecret one two' },
  { Name: 'COMPANYthings+mySecretKey' }
]
for (const secret of secrets) {
  await client.send(new CreateSecretCommand({ SecretString: 'v', ...secret }))
  clock.move(1)
}

const list = (input: ListSecretsCommandInput = {}) => client.send(new ListSecretsCommand(input))

async function numbers (...filters: [NonNullable<Filter['Key']>, ...string[]][]): Promise<number[]> {
  const { SecretList = [] } = await list({ Filters: filters.map(([Key, ...Values]) => ({ Key, Values })) })
  return SecretList.map((secret) => secrets.findIndex(({ Name }) => Name === secret.Name) + 1)
}

await t.test('an entry has the fields of DescribeSecret, with the labels under another name', async (t) => {
  const { SecretList = [] } = await list()
  const { VersionId = '' } = await client.send(new GetSecretValueCommand({ SecretId: 'testing1/one' }))
  t.match(SecretList[0], {
    Name: 'testing1/one', Description: 'a secret', Tags: [{ Key: 'Team', Value: 'Blue' }], SecretVersionsToStages: { [VersionId]: ['AWSCURRENT'] }
  })
  t.strictSame(Object.keys(SecretList[4] ?? {}).sort(), ['ARN', 'CreatedDate', 'LastChangedDate', 'Name', 'SecretVersionsToStages'])
})

await t.test('filter by name: a case-sensitive prefix of the whole name', async (t) => {
  t.strictSame(await numbers(['name', '/']), [2, 4])
  t.strictSame(await numbers(['name', '!/']), [1, 3, 5])
  t.strictSame(await numbers(['name', 'testing1 one']), [])
  t.strictSame(await numbers(['name', 'Testing']), [])
  t.strictSame(await numbers(['name', 'esting']), [])
  t.strictSame(await numbers(['name', 'testing1', '/testing4']), [1, 4], 'one of a filter\'s values is enough')
  t.strictSame(await numbers(['name', 'testing'], ['name', '!testing1']), [3], 'all filters must match, even several with the same key')
  t.strictSame(await numbers(['name', '']), [1, 2, 3, 4, 5])
})

await t.test('filter by description: case-insensitive prefixes of words', async (t) => {
  t.strictSame(await numbers(['description', 'a secret']), [1, 2])
  t.strictSame(await numbers(['description', 'A']), [1, 2, 3])
  t.strictSame(await numbers(['description', '!a']), [4, 5])
  t.strictSame(await numbers(['description', 'o t']), [4])
  t.strictSame(await numbers(['description', 'wo']), [])
})

await t.test('filter by tag: case-sensitive prefixes', async (t) => {
  t.strictSame(await numbers(['tag-key', 'te']), [3])
  t.strictSame(await numbers(['tag-key', '!T']), [2, 3, 4, 5])
  t.strictSame(await numbers(['tag-value', 'blue']), [3])
  t.strictSame(await numbers(['tag-value', 'green']), [])
})

await t.test('filter by all: case-insensitive prefixes of words in name, description and tags', async (t) => {
  t.strictSame(await numbers(['all', 'secret']), [1, 2, 5])
  t.strictSame(await numbers(['all', 'ret']), [])
  t.strictSame(await numbers(['all', '+']), [])
  t.strictSame(await numbers(['all', 'KEY']), [5])
  t.strictSame(await numbers(['all', 'compan']), [5])
  t.strictSame(await numbers(['all', 'companyt']), [])
  t.strictSame(await numbers(['all', 'ythings']), [5])
  t.strictSame(await numbers(['all', 'TEAM']), [1, 3])
  t.strictSame(await numbers(['all', 'gre blue']), [3])
  t.strictSame(await numbers(['all', '!testing1', '!testing2']), [1, 2, 3, 4, 5])
})

await t.test('filters by fields that only replicated secrets and secrets of services have', async (t) => {
  t.strictSame(await numbers(['primary-region', 'eu-']), [])
  t.strictSame(await numbers(['primary-region', '!eu-west-1']), [1, 2, 3, 4, 5])
  t.strictSame(await numbers(['owning-service', 'rds']), [])
  t.strictSame(await numbers(['owning-service', '!rds']), [1, 2, 3, 4, 5])
})

await t.test('an incomplete filter is rejected', async (t) => {
  for (const filter of [{ Values: ['a'] }, { Key: 'name' as const }, {}]) {
    await t.rejects(list({ Filters: [filter] }), {
      name: 'InvalidParameterException', message: 'A filter must have a Key and Values.'
    })
  }
})

await t.test('a filter is split into words only once, regardless of the number of secrets', async (t) => {
  const calls = t.capture(String.prototype, 'toLowerCase', Reflect.get(String.prototype, 'toLowerCase'))
  t.strictSame(await numbers(['description', 'Filterword']), [])
  calls.restore()
  t.equal(calls().filter(({ receiver }) => String(receiver) === 'Filterword').length, 1)
})

await t.test('sort orders', async (t) => {
  const order = async (input: ListSecretsCommandInput) => (await list(input)).SecretList?.map(({ Name }) => Name)
  const names = secrets.map(({ Name }) => Name)
  t.strictSame(await order({}), names)
  t.strictSame(await order({ SortOrder: 'desc' }), names.toReversed())
  t.strictSame(await order({ SortBy: 'created-date', SortOrder: 'desc' }), names.toReversed())
  t.strictSame(await order({ SortBy: 'name' }), names.toSorted())
  t.strictSame(await order({ SortBy: 'name', SortOrder: 'desc' }), names.toSorted().toReversed())
  clock.move(1000)
  await client.send(new UpdateSecretCommand({ SecretId: 'testing1/one', Description: 'a secret' }))
  t.strictSame(await order({ SortBy: 'last-changed-date' }), [...names.slice(1), 'testing1/one'])
  clock.move(day)
  await client.send(new GetSecretValueCommand({ SecretId: '/testing2/two' }))
  t.strictSame((await order({ SortBy: 'last-accessed-date', SortOrder: 'desc' }))?.slice(0, 2), ['/testing2/two', 'testing1/one'])
})

await t.test('in every order, pages contain each secret exactly once, even while others are added and deleted', async (t) => {
  for (const SortBy of ['name', 'created-date', 'last-changed-date', 'last-accessed-date'] as const) {
    for (const SortOrder of ['asc', 'desc'] as const) {
      const whole = (await list({ SortBy, SortOrder })).SecretList?.map(({ Name }) => Name)
      const seen: (string | undefined)[] = []
      let NextToken: string | undefined
      do {
        const page = await list({ SortBy, SortOrder, MaxResults: 2, ...NextToken !== undefined && { NextToken } })
        seen.push(...page.SecretList?.map(({ Name }) => Name) ?? [])
        NextToken = page.NextToken
      } while (NextToken !== undefined)
      t.strictSame(seen, whole, `${SortBy} ${SortOrder}`)
    }
  }
  const first = await list({ SortBy: 'name', MaxResults: 2 })
  await client.send(new DeleteSecretCommand({ SecretId: '/testing4/four', ForceDeleteWithoutRecovery: true }))
  await client.send(new CreateSecretCommand({ Name: '/testing0', SecretString: 'v' }))
  const rest = await list({ SortBy: 'name', NextToken: first.NextToken })
  const seen = [...first.SecretList ?? [], ...rest.SecretList ?? []].map(({ Name }) => Name)
  t.strictSame(seen, secrets.map(({ Name }) => Name).toSorted())
})

await t.test('a page has 100 secrets, or 20 with values, unless the request asks for fewer', async (t) => {
  const paged = clientOf(t, backend, account, 'us-east-2')
  for (let count = 0; count < 101; count++) await paged.send(new CreateSecretCommand({ Name: `page/${count}`, SecretString: 'v' }))
  const { SecretList, NextToken } = await paged.send(new ListSecretsCommand({}))
  t.equal(SecretList?.length, 100)
  t.equal((await paged.send(new ListSecretsCommand({ NextToken }))).SecretList?.length, 1)
  const { SecretValues } = await paged.send(new BatchGetSecretValueCommand({ Filters: [{ Key: 'name', Values: ['page'] }] }))
  t.equal(SecretValues?.length, 20)
})

await t.test('invalid tokens', async (t) => {
  const { NextToken = '' } = await list({ MaxResults: 1, Filters: [{ Key: 'name', Values: ['testing'] }] })
  const Filters = [{ Key: 'name' as const, Values: ['testing'] }]
  t.equal((await list({ NextToken, Filters })).SecretList?.length, 1)
  const refused = { name: 'InvalidNextTokenException' }
  for (const input of [
    { NextToken }, { NextToken, Filters: [{ Key: 'name' as const, Values: ['/'] }] }, { NextToken, Filters, SortBy: 'name' as const },
    { NextToken, Filters, SortOrder: 'desc' as const }, { NextToken, Filters, IncludePlannedDeletion: true },
    { NextToken: `${NextToken.slice(0, -4)}AAAA`, Filters }, { NextToken: 'x', Filters }, { NextToken: '%%%', Filters }
  ]) {
    await t.rejects(list(input), refused)
  }
  await t.rejects(client.send(new BatchGetSecretValueCommand({ NextToken, Filters })), refused, 'a token of another operation')
  await t.rejects(clientOf(t, backend, otherAccount).send(new ListSecretsCommand({ NextToken, Filters })), refused)
  await t.rejects(clientOf(t, backend, account, 'us-east-1').send(new ListSecretsCommand({ NextToken, Filters })), refused)
})

await t.test('secrets that are scheduled for deletion are listed only on request', async (t) => {
  await client.send(new TagResourceCommand({ SecretId: 'testing3/three', Tags: [{ Key: 'gone', Value: 'soon' }] }))
  await client.send(new DeleteSecretCommand({ SecretId: 'testing3/three' }))
  const Filters = [{ Key: 'tag-key' as const, Values: ['gone'] }]
  t.strictSame((await list({ Filters })).SecretList, [])
  const { SecretList = [] } = await list({ Filters, IncludePlannedDeletion: true })
  t.match(SecretList, [{ Name: 'testing3/three', DeletedDate: new Date(clock.now) }])
})
