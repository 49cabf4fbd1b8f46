import t from 'tap'
import { build, policies, sameCalls, tokens } from '#test/helper'
import { secretsctl } from '#test/secretsctl'

const path = '/environments/dev/values'

t.test('readSecrets', async (t) => {
  const gateway = await build(t)
  const read = async (json: object, token: string = tokens.administrator): Promise<[string, string][]> => {
    const reply = await gateway.send('POST', path, { json, token })
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('cache-control'), 'no-store')
    return reply.json.items.map(({ name, secret, problem }: { name: string, secret?: { value: string }, problem?: { code: string } }) =>
      [name, secret?.value ?? problem?.code])
  }
  await gateway.send('POST', '/environments/dev/secrets', {
    json: {
      secrets: [...Array.from({ length: 45 }, (_, index) => ({ name: `many/${index}`, value: `v${index}` })), { name: 'binary', value: 'AP8=', encoding: 'base64' }],
      secretNames: ['empty']
    }
  })
  await gateway.send('PUT', '/environments/staging/secrets/other', { json: { value: 'x' } })
  gateway.catchUp()

  t.test('by name, in the requested order, each with its value or its problem', async (t) => {
    t.same(await read({ names: ['many/7', 'none', 'many/3', 'binary'] }), [['many/7', 'v7'], ['none', 'secret-not-found'], ['many/3', 'v3'], ['binary', 'AP8=']])
  })

  t.test('a secret without a value does not affect the others', async (t) => {
    t.same(await read({ names: ['many/7', 'empty', 'many/3'] }), [['many/7', 'v7'], ['empty', 'secret-has-no-value'], ['many/3', 'v3']])
    t.same(await read({ filters: { namePrefix: 'empty' } }), [['empty', 'secret-has-no-value']])
  })

  t.test('any number of names, in AWS\'s batches of 20', async (t) => {
    gateway.awsCalls.length = 0
    const names = Array.from({ length: 45 }, (_, index) => `many/${index}`)
    t.same(await read({ names }), names.map((name, index) => [name, `v${index}`]))
    sameCalls(t, gateway, ['BatchGetSecretValue', 'BatchGetSecretValue', 'BatchGetSecretValue'])
  })

  t.test('by filters, from all pages', async (t) => {
    t.equal((await read({ filters: { namePrefix: 'many/' } })).length, 45)
    t.same(await read({ filters: { namePrefix: 'many/44' } }), [['many/44', 'v44']])
    t.same(await read({ filters: { namePrefix: 'other' } }), [], 'only secrets of this environment')
  })

  t.test('a name that the caller may not read fails alone', async (t) => {
    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('POST', path, { json: { names: ['a'] }, token: tokens.stranger })
    t.match(reply, { status: 200, json: { items: [{ name: 'a', problem: { code: 'forbidden', status: 403 } }] } })
    t.same(other.awsCalls, [])
    const filtered = await other.send('POST', path, { json: { filters: { namePrefix: 'a' } }, token: tokens.stranger })
    t.same(filtered.json, { items: [] })
  })

  t.test('refuses an invalid list of names', async (t) => {
    gateway.awsCalls.length = 0
    for (const json of [
      {}, { names: [] }, { names: ['a', 'a'] }, { names: ['../a'] }, { names: ['a'], filters: { all: 'x' } }, { filters: {} }, { filters: { x: 'y' } },
      ...['description', 'tagKey', 'tagValue', 'all', 'tag'].map((loose) => ({ filters: { namePrefix: 'a', [loose]: 'a' } })),
      { filters: { tags: {} } }, { filters: { tags: { team: 1 } } }, { filters: { tags: { '': 'a' } } }, { filters: { namePrefix: 'a*' } },
      { names: ['n'.repeat(509)] }, { names: 'a' }
    ]) {
      t.match(await gateway.send('POST', path, { json }), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'body' }] } })
    }
    t.same(gateway.awsCalls, [])
  })
})

t.test('readSecrets: filters select exactly the secrets that match, unlike AWS\'s own filters', async (t) => {
  const gateway = await build(t)
  const secrets: Record<string, Record<string, string>> = {
    exact: { team: 'payments' },
    also: { team: 'payments', cluster: 'x' },
    'key-and-value-of-two-tags': { team: 'auth', cluster: 'payments' },
    'longer-value': { team: 'payments-dashboard' },
    'longer-key': { team2: 'payments' },
    'other-case': { team: 'Payments' },
    'other-case-of-key': { Team: 'payments' },
    'no-value': { team: '' },
    negation: { '!team': '!payments' },
    'not-in-a-filter': { équipe: 'paiements €' },
    inherited: { constructor: 'x' }
  }
  for (const [name, tags] of Object.entries(secrets)) {
    t.equal((await gateway.send('POST', `/environments/dev/secrets/${name}`, { json: { value: name, tags } })).status, 201)
  }
  gateway.catchUp()
  const matching = async (filters: object): Promise<string[]> => {
    const { status, json } = await gateway.send('POST', path, { json: { filters } })
    t.equal(status, 200)
    return json.items.map(({ secret }: { secret: { value: string } }) => secret.value).sort()
  }
  const listed = async (tags: Record<string, string>): Promise<string[]> => {
    const query = Object.entries(tags).map(([key, value]) => `tag=${encodeURIComponent(`${key}=${value}`)}`).join('&')
    const { status, json } = await gateway.send('GET', `/environments/dev/secrets?${query}`)
    t.equal(status, 200)
    return json.items.map(({ name }: { name: string }) => name).sort()
  }
  for (const [tags, expected] of [
    [{ team: 'payments' }, ['also', 'exact']],
    [{ team: 'payments', cluster: 'x' }, ['also']],
    [{ team: 'auth', cluster: 'payments' }, ['key-and-value-of-two-tags']],
    [{ team: 'payments', cluster: 'payments' }, []],
    [{ team: 'pay' }, []],
    [{ tea: 'payments' }, []],
    [{ team: 'PAYMENTS' }, []],
    [{ team: '' }, ['no-value']],
    [{ cluster: '' }, []],
    [{ '!team': '!payments' }, ['negation']],
    [{ team: '!auth' }, []],
    [{ équipe: 'paiements €' }, ['not-in-a-filter']],
    [{ constructor: 'x' }, ['inherited']],
    [{ toString: '' }, []]
  ] as const) {
    t.same(await matching({ tags }), expected, JSON.stringify(tags))
    t.same(await listed(tags), expected, `listed: ${JSON.stringify(tags)}`)
  }
  t.same(await matching({ namePrefix: 'other-case-', tags: { Team: 'payments' } }), ['other-case-of-key'], 'both filters have to match')
  t.same(await matching({ namePrefix: 'longer' }), ['longer-key', 'longer-value'])
  t.same(await matching({ namePrefix: 'Longer' }), [], 'case matters')

  const tooLong = { filters: { namePrefix: 'n'.repeat(509) } }
  t.match(await gateway.send('POST', path, { json: tooLong }), { status: 400, json: { errors: [{ in: 'body', pointer: '/filters/namePrefix' }] } })
})

t.test('readSecrets does not read a value that the caller may not read', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("environment") permit (principal == Caller::"stranger", action in Action::"read", resource == Environment::"dev");
      @id("reads") permit (principal == Caller::"stranger", action == Action::"GetSecretValue", resource is Secret) when { resource.name like "*read*" };
      @id("describes") permit (principal == Caller::"stranger", action == Action::"DescribeSecret", resource is Secret) when { resource.name like "*described*" };
    `)
  })
  const secrets = ['read', 'read-and-described', 'described', 'hidden'].map((name) => ({ name, value: name, tags: { team: 'a' } }))
  await gateway.send('POST', '/environments/dev/secrets', { json: { secrets } })
  gateway.catchUp()
  const read = async (filters: object): Promise<string[]> => {
    const { json } = await gateway.send('POST', path, { json: { filters }, token: tokens.stranger })
    return json.items.map(({ name }: { name: string }) => name).sort()
  }
  t.same(await read({ namePrefix: 'h' }), [])
  t.same(await read({ namePrefix: 'd' }), [])
  t.same(await read({ namePrefix: 'r' }), ['read', 'read-and-described'])
  t.same(await read({ tags: { team: 'a' } }), ['read-and-described'], 'a filter by tags reveals tags, so it matches only what the caller may describe')
  const { lastAccessedDate } = (await gateway.send('GET', '/environments/dev/secrets/hidden/metadata')).json
  t.equal(lastAccessedDate, undefined, 'AWS has not been asked for the value')
})

t.test('a list and a read with 50 tags send AWS no more than ten filters', async (t) => {
  const gateway = await build(t)
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key-${index}`, `value-${index}`]))
  await gateway.send('POST', '/environments/dev/secrets/tagged', { json: { value: 'v', description: 'words', tags } })
  gateway.catchUp()
  t.match(await gateway.send('POST', path, { json: { filters: { namePrefix: 't', tags } } }), { status: 200, json: { items: [{ name: 'tagged' }] } })
  const query = [...Object.entries(tags).map(([key, value]) => `tag=${key}%3D${value}`), 'description=words', 'tagKey=key', 'tagValue=value', 'all=words', 'namePrefix=t']
  t.match(await gateway.send('GET', `/environments/dev/secrets?${query.join('&')}`), { status: 200, json: { items: [{ name: 'tagged' }] } })
})

t.test('the problem of a secret that IAM denies names the missing permission', async (t) => {
  const gateway = await build(t)
  const arn: Record<string, string> = {}
  for (const name of ['allowed', 'denied', 'payments/denied']) {
    arn[name] = (await gateway.send('PUT', `/environments/dev/secrets/${encodeURIComponent(name)}`, { json: { value: 'v' } })).json.arn
    if (name !== 'allowed') {
      await gateway.aws('AKIADEV').putResourcePolicy({ SecretId: `dev/${name}`, ResourcePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::111111111111:root' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
      }) })
    }
  }
  const problem = (name: string): { name: string, problem: object } => ({
    name, problem: { code: 'aws-access-denied', detail: `AWS denies secretsmanager:GetSecretValue on ${arn[name]} to the credential dev-account.` }
  })
  gateway.catchUp()
  const byName = await gateway.send('POST', path, { json: { names: ['allowed', 'payments/denied', 'denied'] } })
  t.match(byName.json.items, [{ secret: { value: 'v' } }, problem('payments/denied'), problem('denied')])
  const byFilter = await gateway.send('POST', path, { json: { filters: { namePrefix: 'payments/' } } })
  t.match(byFilter.json.items, [problem('payments/denied')])
  t.match((await gateway.send('GET', '/environments/dev/secrets/denied')).json, problem('denied').problem)
  t.notMatch(byName.text, /User: |because|explicit/, 'AWS\'s text is not passed on')
})

interface ValuesReply {
  items: { name: string, secret?: { value: string }, problem?: { code: string } }[]
  nextCursor?: string
}

t.test('readSecrets: a reply is a page', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("environment") permit (principal == Caller::"stranger", action in Action::"read", resource == Environment::"dev");
      @id("reads") permit (principal == Caller::"stranger", action == Action::"GetSecretValue", resource is Secret) when { resource.name like "r*" };
    `)
  })
  const page = async (json: object, token: string = tokens.administrator): Promise<ValuesReply> => {
    const reply = await gateway.send('POST', path, { json, token })
    t.equal(reply.status, 200)
    return reply.json
  }
  const pages = async (body: object, token?: string): Promise<ValuesReply[]> => {
    const all = [await page(body, token)]
    for (let cursor = all[0]?.nextCursor; cursor !== undefined; cursor = all.at(-1)?.nextCursor) all.push(await page({ ...body, cursor }, token))
    return all
  }
  const sizes = (replies: readonly ValuesReply[]): number[] => replies.map(({ items }) => items.length)
  const namesIn = (replies: readonly ValuesReply[]): string[] => replies.flatMap(({ items }) => items.map(({ name }) => name))

  t.test('of 1,000 secrets', async (t) => {
    const names = Array.from({ length: 1_050 }, (_, index) => `none/${index}`)
    const byName = await pages({ names })
    t.same(sizes(byName), [1_000, 50])
    t.same(namesIn(byName), names)
    t.same(sizes(await pages({ names: names.slice(0, 1_000) })), [1_000], 'the last page has no cursor, even if it is full')
  })

  const value = 'v'.repeat(60_000)
  const made = Array.from({ length: 100 }, (_, index) => ({ name: `r/v${index}`, value }))
  for (const secrets of [made, Array.from({ length: 40 }, (_, index) => ({ name: `hidden${index}`, value: 'h' }))]) {
    t.equal((await gateway.send('POST', '/environments/dev/secrets', { json: { secrets } })).status, 201)
  }
  gateway.catchUp()

  t.test('of about 4 MiB', async (t) => {
    const names = made.map(({ name }) => name)
    const byName = await pages({ names })
    t.same(sizes(byName), [80, 20])
    t.same(namesIn(byName), names)
    t.ok(byName.every(({ items }) => items.every(({ secret }) => secret?.value === value)))
  })

  t.test('that depends only on secrets that the caller may read', async (t) => {
    const filtered = await pages({ filters: { namePrefix: 'r/' } }, tokens.stranger)
    t.same(sizes(filtered), [80, 20])
    t.same(namesIn(filtered).sort(), made.map(({ name }) => name).sort())
    const outcomes = gateway.trail().filter(({ event, operation }) => event === 'outcome' && operation === 'readSecrets')
    t.same(outcomes.slice(-2).map(({ items }) => items), [80, 20], 'the audit trail has the values of each page')
  })

  t.test('and a cursor is accepted only with the same body, from the same caller', async (t) => {
    const names = made.map(({ name }) => name)
    const { nextCursor: byName } = await page({ names })
    const { nextCursor: byFilter } = await page({ filters: { namePrefix: 'r/' } })
    const refused = { status: 400, json: { errors: [{ in: 'body', pointer: '/cursor', message: 'is no cursor of this list' }] } }
    for (const json of [
      { names: names.slice(1), cursor: byName }, { filters: { namePrefix: 'r/' }, cursor: byName }, { names, cursor: byFilter },
      { filters: { namePrefix: 'h' }, cursor: byFilter }, { names, cursor: 'x' }
    ]) t.match(await gateway.send('POST', path, { json }), refused)
    t.match(await gateway.send('POST', path, { json: { names, cursor: byName }, token: tokens.stranger }), refused)
  })

  t.test('secretsctl reads all pages', async (t) => {
    const { status, stdout } = await secretsctl(gateway, ['export', '--env', 'dev', '--prefix', 'r/', '--format', 'json'])
    t.equal(status, 0)
    t.equal(Object.keys(JSON.parse(stdout) as object).length, 100)
  })
})
