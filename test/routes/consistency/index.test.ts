import t from 'tap'
import type { AuditRecord } from '#test/audit-trail'
import { build, policies, sameCalls, tokens, type Gateway } from '#test/helper'

type Cells = Record<string, { state: string, required: boolean, group?: number, problem?: { code: string } }>

const canary = 'canary-8c1f0e52'

const put = async (gateway: Gateway, environment: string, name: string, value: string, encoding = 'text'): Promise<void> => {
  await gateway.send('PUT', `/environments/${environment}/secrets/${encodeURIComponent(name)}`, { json: { value, encoding } })
}

/** Returns the rows of the consistency report by secret name. */
async function compare (gateway: Gateway, query: string, token: string = tokens.administrator): Promise<Record<string, Cells>> {
  gateway.catchUp()
  const reply = await gateway.send('GET', `/consistency?${query}`, { token })
  if (reply.status !== 200) throw new Error(reply.text)
  return Object.fromEntries(reply.json.items.map(({ name, environments }: { name: string, environments: Cells }) => [name, environments]))
}

const states = (rows: Record<string, Cells>): Record<string, string[]> => Object.fromEntries(Object.entries(rows).map(([name, cells]) =>
  [name, Object.entries(cells).map(([environment, { state, required }]) => `${environment}: ${state}${required ? ', required' : ''}`)]))

t.test('compareEnvironments', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'dev', 'payments/db', `${canary}-a`)
  await put(gateway, 'dev', 'shared', `${canary}-b`)
  await put(gateway, 'staging', 'shared', `${canary}-b`)
  await put(gateway, 'prod', 'shared', `${canary}-c`)
  await put(gateway, 'prod', 'old', `${canary}-d`)
  await gateway.send('DELETE', '/environments/prod/secrets/old')
  await gateway.send('POST', '/environments/staging/secrets', { json: { secretNames: ['payments/db'] } })

  t.test('has a row for each name, with its state in each environment', async (t) => {
    const reply = await gateway.send('GET', '/consistency?environments=dev,staging,prod')
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('cache-control'), 'no-store')
    t.same(reply.json.environments, ['dev', 'staging', 'prod'])
    t.same(states(await compare(gateway, 'environments=dev,staging,prod')), {
      old: ['dev: missing', 'staging: missing', 'prod: pending-deletion'],
      'payments/db': ['dev: present', 'staging: placeholder', 'prod: missing, required'],
      shared: ['dev: present', 'staging: present', 'prod: present']
    })
  })

  t.test('shows a name that is only required', async (t) => {
    t.same(states(await compare(gateway, 'environments=prod')), {
      old: ['prod: pending-deletion'], 'payments/db': ['prod: missing, required'], shared: ['prod: present']
    })
    t.same(states(await compare(gateway, 'environments=prod&namePrefix=pay')), { 'payments/db': ['prod: missing, required'] })
    t.same(states(await compare(gateway, 'environments=dev,prod&namePrefix=sha')), { shared: ['dev: present', 'prod: present'] })
  })

  t.test('uses each environment\'s own credential, and reads no value', async (t) => {
    gateway.awsCalls.length = 0
    await compare(gateway, 'environments=dev,prod')
    sameCalls(t, gateway, ['ListSecrets', 'ListSecrets', 'DescribeSecret'], 'the required secret is looked up')
  })

  t.test('refuses an invalid list of environments', async (t) => {
    gateway.awsCalls.length = 0
    for (const query of [
      '', 'environments=', 'environments=dev,', 'environments=Dev', 'environments=dev,dev', 'environments=dev&environments=prod',
      'environments=dev&compareValues=yes', 'environments=dev&limit=1', 'environments=dev&namePrefix=a%20b',
      `environments=${Array.from({ length: 21 }, (_, index) => `e${index}`).join(',')}`
    ]) t.match(await gateway.send('GET', `/consistency?${query}`), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'query' }] } }, query)
    const tooLong = `environments=prod&namePrefix=${'n'.repeat(500)}`
    t.match(await gateway.send('GET', `/consistency?${tooLong}`), { status: 400, json: { errors: [{ pointer: '/namePrefix' }] } })
    t.same(gateway.awsCalls, [])
  })
})

t.test('compareEnvironments with compareValues', async (t) => {
  const gateway = await build(t)
  const { log } = gateway
  await put(gateway, 'dev', 'same', `${canary}-1`)
  await put(gateway, 'staging', 'same', `${canary}-1`)
  await put(gateway, 'prod', 'same', `${canary}-1`)
  await put(gateway, 'dev', 'differs', `${canary}-1`)
  await put(gateway, 'staging', 'differs', `${canary}-2`)
  await put(gateway, 'prod', 'differs', `${canary}-1`)
  await put(gateway, 'dev', 'json', `{"a":"${canary}"}`)
  await put(gateway, 'prod', 'json', `{"a": "${canary}"}`)
  await put(gateway, 'dev', 'binary', Buffer.from(canary).toString('base64'), 'base64')
  await put(gateway, 'staging', 'binary', Buffer.from(canary).toString('base64'), 'base64')
  await put(gateway, 'prod', 'binary', canary)
  await put(gateway, 'dev', 'alone', canary)
  await gateway.send('POST', '/environments/staging/secrets', { json: { secretNames: ['alone'] } })
  const groups = (rows: Record<string, Cells>): Record<string, (number | undefined)[]> =>
    Object.fromEntries(Object.entries(rows).map(([name, cells]) => [name, Object.values(cells).map(({ group }) => group)]))

  t.test('gives environments with the same value the same number', async (t) => {
    t.same(groups(await compare(gateway, 'environments=dev,staging,prod&compareValues=true')), {
      alone: [undefined, undefined, undefined],
      binary: [1, 1, 2],
      differs: [1, 2, 1],
      json: [1, undefined, 2],
      'payments/db': [undefined, undefined, undefined],
      same: [1, 1, 1]
    })
  })

  t.test('reads only values that can be compared, in batches', async (t) => {
    gateway.awsCalls.length = 0
    await compare(gateway, 'environments=dev,prod&compareValues=true&namePrefix=json')
    sameCalls(t, gateway, ['BatchGetSecretValue', 'BatchGetSecretValue', 'ListSecrets', 'ListSecrets'])
    gateway.awsCalls.length = 0
    await compare(gateway, 'environments=dev,prod&compareValues=true&namePrefix=alone')
    sameCalls(t, gateway, ['ListSecrets', 'ListSecrets'])
  })

  t.test('reveals nothing about a value that repeated requests could compare', async (t) => {
    const replies = await Promise.all([1, 2].map(async () => gateway.send('GET', '/consistency?environments=dev,staging,prod&compareValues=true')))
    for (const { text } of replies) {
      t.notMatch(text, canary)
      t.notMatch(text, Buffer.from(canary).toString('base64').slice(0, 12))
      t.notMatch(text, /[A-Za-z0-9+/=]{40}/, 'not even a fingerprint')
    }
    t.notMatch(log.join(''), canary)
  })
})

t.test('compareEnvironments shows what the caller may see, and nothing else', async (t) => {
  /**
   * Returns a policy that permits the reader these actions on these environments and on their secrets. `name` is a pattern for
   * the names of these secrets; by default, it matches all names.
   */
  const allow = (actions: readonly string[], environments: readonly string[], name = '*'): string => `permit (
    principal == Caller::"reader", action in [${actions.map((action) => `Action::"${action}"`).join()}], resource
  ) when { ${JSON.stringify(environments)}.contains(resource.environment) && (!(resource is Secret) || resource.name like "${name}") };`
  const onSecrets = ['DescribeSecret', 'CompareValues']
  const onEnvironments = ['DescribeEnvironment', 'ListSecrets', 'CompareValues']
  const buildWith = async (...texts: string[]): Promise<Gateway> => {
    const gateway = await build(t, { authorization: policies(
      ['permit (principal == Caller::"administrator", action, resource);', ...texts].map((text, index) => `@id("policy-${index}") ${text}`).join('\n')
    ) })
    for (const environment of ['dev', 'staging', 'prod']) await put(gateway, environment, 'a', canary)
    await put(gateway, 'prod', 'only-in-prod', canary)
    return gateway
  }

  t.test('an environment that the caller may not see does not exist', async (t) => {
    const gateway = await buildWith(allow(onEnvironments, ['dev']), allow(onSecrets, ['dev']))
    gateway.awsCalls.length = 0
    const hidden = await gateway.send('GET', '/consistency?environments=dev,prod', { token: tokens.reader })
    const unknown = await gateway.send('GET', '/consistency?environments=dev,none', { token: tokens.reader })
    t.match(hidden, { status: 404, json: { code: 'not-found' } })
    t.equal(hidden.json.detail, 'No environment `prod`, or you may not see it. You can see: dev.')
    t.same({ ...hidden.json, detail: '', requestId: '', instance: '' }, { ...unknown.json, detail: '', requestId: '', instance: '' })
    t.same(gateway.awsCalls, [])
  })

  t.test('both actions are required in each environment', async (t) => {
    const gateway = await buildWith(
      allow(['DescribeEnvironment'], ['dev', 'staging', 'prod']), allow(['ListSecrets'], ['dev', 'staging']), allow(['CompareValues'], ['dev'])
    )
    const ask = async (query: string): Promise<number> => (await gateway.send('GET', `/consistency?${query}`, { token: tokens.reader })).status
    t.equal(await ask('environments=dev,staging'), 200)
    t.equal(await ask('environments=dev,prod'), 403)
    t.equal(await ask('environments=dev,staging&compareValues=true'), 403)
    t.equal(await ask('environments=dev&compareValues=true'), 200)
    t.equal((await gateway.send('GET', '/consistency?environments=dev', { token: null })).status, 401)
  })

  t.test('a name is left out of an environment where the caller may not describe it', async (t) => {
    const gateway = await buildWith(allow(onEnvironments, ['dev', 'prod']), allow(onSecrets, ['dev']))
    t.same(states(await compare(gateway, 'environments=dev,prod', tokens.reader)), { a: ['dev: present'] })
    t.same(states(await compare(gateway, 'environments=prod', tokens.reader)), {})
  })

  t.test('only the values of secrets that the caller may compare are read', async (t) => {
    const gateway = await buildWith(
      allow(['DescribeEnvironment', 'ListSecrets', 'DescribeSecret'], ['dev', 'prod']), allow(['CompareValues'], ['dev', 'prod'], 'a*')
    )
    for (const environment of ['dev', 'prod']) await put(gateway, environment, 'b', canary)
    const rows = await compare(gateway, 'environments=dev,prod&compareValues=true', tokens.reader)
    t.same(Object.entries(rows).map(([name, { dev, prod }]) => [name, dev?.group, prod?.group]), [
      ['a', 1, 1], ['b', undefined, undefined], ['only-in-prod', undefined, undefined], ['payments/db', undefined, undefined]
    ])
  })
})

t.test('compareEnvironments records each compared value, and the environments that it read', async (t) => {
  const gateway = await build(t)
  for (const environment of ['dev', 'prod']) await put(gateway, environment, 'a', canary)
  const recordsOf = async (query: string): Promise<AuditRecord[]> => {
    const before = gateway.trail().length
    await compare(gateway, query)
    return gateway.trail().slice(before)
  }
  const decision = { allowed: true, policies: ['administrators'] }
  t.match(await recordsOf('environments=dev,prod'), [
    { event: 'intent', operation: 'compareEnvironments', environment: undefined },
    { event: 'outcome', decisions: [{ environment: 'dev', action: 'ListSecrets', ...decision }, { environment: 'prod', action: 'ListSecrets', ...decision }], items: undefined }
  ])
  const item = { event: 'item', name: 'a', action: 'CompareValues', decision }
  t.match(await recordsOf('environments=dev,prod&compareValues=true'), [
    { event: 'intent' },
    { ...item, environment: 'dev', credential: 'dev-account', decisions: [{ action: 'DescribeSecret', ...decision }] },
    { ...item, environment: 'prod', credential: 'prod-account' },
    { event: 'outcome', items: 2, decisions: [{ environment: 'dev' }, { environment: 'dev', action: 'CompareValues' }, { environment: 'prod' }, { environment: 'prod' }] }
  ])
})

t.test('compareEnvironments reports why a value could not be compared', async (t) => {
  const gateway = await build(t)
  for (const environment of ['dev', 'staging', 'prod']) await put(gateway, environment, 'a', canary)
  const SecretId = 'production-secrets/a'
  const BlockPublicPolicy = true
  const ResourcePolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::222222222222:root' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
  })
  await gateway.aws('AKIAPROD').putResourcePolicy({ SecretId, ResourcePolicy, BlockPublicPolicy })
  const rows = await compare(gateway, 'environments=dev,staging,prod&compareValues=true')
  t.match(rows, { a: { dev: { group: 1 }, staging: { group: 1 }, prod: { state: 'present', problem: { code: 'aws-access-denied' } } } })
  t.notOk(rows.a?.prod?.group)
})

t.test('compareEnvironments of 250 names reads all pages', async (t) => {
  const gateway = await build(t)
  const secrets = Array.from({ length: 250 }, (_, index) => ({ name: `service-${String(index).padStart(3, '0')}/key`, value: `v${index}` }))
  for (const environment of ['dev', 'prod']) await gateway.send('POST', `/environments/${environment}/secrets`, { json: { secrets } })
  await put(gateway, 'prod', 'service-150/key', 'other')
  gateway.awsCalls.length = 0
  const rows = await compare(gateway, 'environments=dev,prod&compareValues=true')
  t.equal(Object.keys(rows).length, 251, 'all names, and the required one')
  const times = (count: number, operation: string): string[] => Array.from({ length: count }, () => operation)
  sameCalls(t, gateway, [...times(6, 'ListSecrets'), ...times(26, 'BatchGetSecretValue'), 'DescribeSecret'])
  const differing = Object.entries(rows).filter(([, { dev, prod }]) => dev?.group !== prod?.group).map(([name]) => name)
  t.same(differing, ['service-150/key'])
})
