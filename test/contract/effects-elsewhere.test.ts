import t, { type Test } from 'tap'
import { operations, type Operation } from '#src/aws-model/shapes'
import { build, policies, tokens, untilReplicated, type Gateway, type Reply } from '#test/helper'

/*
 * AWS puts a secret's replicas into other regions, under the same name. A replica may have the account, the region and the name
 * prefix of another declared environment. It is then a secret of that environment, whose permissions apply to it.
 */

const dev = { region: 'eu-west-1', account: '111111111111', credential: 'dev-account' }
const environments = {
  dev,
  deveu: { ...dev, region: 'eu-central-1', namePrefix: 'dev/', deletionProtection: true },
  wide: { ...dev, replicaRegions: ['eu-central-1'] },
  wideeu: { ...dev, region: 'eu-central-1', namePrefix: 'wide/' },
  // This environment is in another account, as the gateway knows from the configuration. Replicas stay in their account, so no
  // replica of another environment is a secret of this one.
  apart: { ...dev, account: '222222222222', credential: 'prod-account', region: 'eu-central-1', namePrefix: 'dev/' }
}

/**
 * `stranger` may do everything in `dev` and `wide`, and sees no other environment. `reader` may do the same, but sees all
 * environments. `writer` may do everything in `dev`, `wide` and `deveu`.
 */
const rules = `
  @id("in-dev") permit (principal, action, resource in Environment::"dev");
  @id("in-wide") permit (principal, action, resource in Environment::"wide");
  @id("sees") permit (principal == Caller::"reader", action == Action::"DescribeEnvironment", resource);
  @id("elsewhere") permit (principal == Caller::"writer", action, resource in Environment::"deveu");
  @id("standby") permit (principal == Caller::"team-service", action, resource in Environment::"deveu");
  @id("not-in-dev") forbid (principal == Caller::"team-service", action, resource in Environment::"dev");
  @id("administrator") permit (principal == Caller::"administrator", action, resource);
`

const gatewayFor = async (t: Test): Promise<Gateway> => {
  const gateway = await build(t, { environments, authorization: policies(rules) })
  for (const name of ['kept', 'moved']) await gateway.send('PUT', `/environments/dev/secrets/${name}`, { json: { value: 'of dev' } })
  await gateway.send('PUT', '/environments/deveu/secrets/kept', { json: { value: 'of deveu' } })
  await gateway.send('PUT', '/environments/dev/secrets/moved/replicas', { json: { replicaRegions: [{ region: 'eu-central-1' }] } })
  return gateway
}

const bulk = { method: 'POST', path: '/environments/wide/secrets' }
const toCentral = { replicaRegions: [{ region: 'eu-central-1' }] }

/** Every request with an effect in another region, keyed by the AWS operation that has the effect. */
const requests: Readonly<Partial<Record<Operation, readonly { method: string, path: string, json?: unknown, token?: string }[]>>> = {
  ReplicateSecretToRegions: [
    { method: 'PUT', path: '/environments/dev/secrets/kept/replicas', json: { ...toCentral, forceOverwriteReplicaSecret: true } },
    { method: 'PUT', path: '/environments/dev/secrets/kept/replicas', json: toCentral },
    { method: 'PUT', path: '/environments/dev/secrets/none/replicas', json: { replicaRegions: [{ region: 'us-east-1' }, { region: 'eu-central-1' }] } }
  ],
  RemoveRegionsFromReplication: [
    { method: 'DELETE', path: '/environments/dev/secrets/moved/replicas?region=eu-central-1' },
    { method: 'DELETE', path: '/environments/dev/secrets/moved?detachReplicas=true' },
    { method: 'DELETE', path: '/environments/dev/secrets/moved?detachReplicas=true&force=true' },
    { method: 'DELETE', path: '/environments/dev/secrets/none/replicas?region=us-east-1&region=eu-central-1' }
  ],
  CreateSecret: [
    { method: 'POST', path: '/environments/wide/secrets/made', json: { value: 'v' } },
    { method: 'PUT', path: '/environments/wide/secrets/made', json: { value: 'v' } },
    { ...bulk, json: { secretNames: ['made'] } },
    { ...bulk, json: { secretNames: ['made'], dryRun: true } },
    { ...bulk, json: { secretNames: ['made'], atomic: true } },
    { method: 'POST', path: '/environments/wide/promotions', json: { from: 'dev', names: ['kept'] } },
    { method: 'POST', path: '/environments/wide/promotions', json: { from: 'dev', names: ['kept'], dryRun: true } }
  ],
  StopReplicationToReplica: [
    { method: 'POST', path: '/environments/deveu/secrets/moved/replicas/promote', token: tokens.team }
  ]
}

/** Returns the reply's problem or, if the reply has items, the problem of its only item. */
function problemIn ({ json }: Reply): object {
  const { requestId, instance, ...problem } = json.items?.[0].problem ?? json
  return problem
}

t.test('every AWS operation with an effect in other regions is known', async (t) => {
  const names = Object.entries(operations).filter(([, shape]) => JSON.stringify(shape).includes('Replica')).map(([name]) => name)
  // The filter misses StopReplicationToReplica, because the input of this operation names no region. The operation is called in
  // the replica's region, and affects the primary secret in another region.
  t.same([...names, 'StopReplicationToReplica'].sort(), Object.keys(requests).sort())
})

t.test('an effect in another environment requires that environment\'s permissions', async (t) => {
  const gateway = await gatewayFor(t)
  const there = gateway.aws('AKIADEV', 'eu-central-1')
  const replicas = async (): Promise<unknown> => (await there.listSecrets({})).SecretList?.map(({ Name, PrimaryRegion }) => [Name, PrimaryRegion])
  const before = await replicas()
  for (const [operation, all = []] of Object.entries(requests)) {
    for (const { method, path, json, token = tokens.stranger } of all) {
      gateway.awsCalls.length = 0
      const title = `${method} ${path} ${JSON.stringify(json)}`
      const options = json === undefined ? {} : { json }
      const hidden = problemIn(await gateway.send(method, path, { ...options, token }))
      t.match(hidden, { status: 403, code: 'forbidden' }, title)
      t.notOk(gateway.awsCalls.includes(operation), title)
      if (token !== tokens.stranger) continue
      t.same(problemIn(await gateway.send(method, path, { ...options, token: tokens.reader })), hidden, `${title}: the same if the caller sees the environment`)
    }
  }
  t.same(await replicas(), before)
  t.equal((await there.getSecretValue({ SecretId: 'dev/kept' })).SecretString, 'of deveu')
  const [denial] = gateway.trail().filter(({ event, operation }) => event === 'outcome' && operation === 'replicateSecret').slice(-1)
  t.match(denial, { code: 'forbidden', decisions: [{ environment: 'deveu', action: 'CreateSecret', allowed: false }] }, 'the audit trail has the decision')
  for (const [operation, action] of [['bulkCreateSecrets', 'CreateSecret'], ['promoteSecrets', 'PromoteSecret']] as const) {
    const [item] = gateway.trail().filter((record) => record.event === 'item' && record.operation === operation && record.code === 'forbidden')
    t.match(item, { action, environment: 'wide', decisions: [{ environment: 'wideeu', action: 'CreateSecret', allowed: false }] }, operation)
    if (operation === 'bulkCreateSecrets') t.match(item, { decision: { allowed: true, policies: ['in-wide'] } }, 'the decision on the secret itself')
  }
})

t.test('an effect in another environment respects its deletion protection', async (t) => {
  const gateway = await gatewayFor(t)
  const { ReplicateSecretToRegions: [overwrite, create] = [], RemoveRegionsFromReplication: [remove] = [] } = requests
  for (const { method = '', path = '', json } of [overwrite, remove].map((request) => ({ ...request }))) {
    const reply = await gateway.send(method, path, { token: tokens.writer, ...json !== undefined && { json } })
    t.match(reply, { status: 403, json: { code: 'deletion-protected', detail: /eu-central-1/ } }, `${method} ${path}`)
  }
  t.match(await gateway.send('PUT', create?.path ?? '', { token: tokens.writer, json: create?.json }), { status: 200 }, 'nothing is deleted')
  t.equal((await gateway.send('GET', '/environments/deveu/secrets/kept')).json.value, 'of deveu')
  t.match(await gateway.send('POST', '/environments/deveu/secrets/moved/replicas/promote', { token: tokens.writer }), { status: 200 })
})

t.test('with the permissions of all environments, nothing is refused', async (t) => {
  const unprotected = { ...environments, deveu: { ...environments.deveu, deletionProtection: false } }
  const gateway = await build(t, { environments: unprotected, authorization: policies(rules) })
  const path = '/environments/dev/secrets/a'
  await gateway.send('PUT', path, { json: { value: 'of dev' } })
  await gateway.send('PUT', '/environments/deveu/secrets/a', { json: { value: 'of deveu' } })
  const options = { token: tokens.writer, json: { ...toCentral, forceOverwriteReplicaSecret: true } }
  t.match(await gateway.send('PUT', `${path}/replicas`, options), { status: 200 })
  await untilReplicated(gateway, path, true)
  t.equal((await gateway.send('GET', '/environments/deveu/secrets/a')).json.value, 'of dev')
  t.match(await gateway.send('DELETE', `${path}/replicas?region=eu-central-1`, { token: tokens.writer }), { status: 200 })
  gateway.catchUp()
  t.match(await gateway.send('GET', '/environments/deveu/secrets/a'), { status: 404 })
  t.match(await gateway.send('POST', '/environments/wide/secrets/a', { json: { value: 'v' } }), { status: 201 })
  t.match(await gateway.send('PUT', `${path}/replicas`, { token: tokens.stranger, json: { replicaRegions: [{ region: 'us-east-1' }] } }), { status: 200 }, 'no environment has this region')
})

t.test('a restore replicates again only with the permissions of the other environment', async (t) => {
  const gateway = await gatewayFor(t)
  const path = '/environments/wide/secrets/a'
  await gateway.send('POST', path, { json: { value: 'v' } })
  await gateway.send('DELETE', `${path}?detachReplicas=true`)
  const restored = await gateway.send('POST', `${path}/restore`, { token: tokens.stranger })
  t.match(restored, { status: 200, json: { warnings: ['Replicas in regions of the environment are missing: forbidden.'] } })
  gateway.catchUp()
  t.match(await gateway.send('GET', '/environments/wideeu/secrets/a'), { status: 404 })
  t.notOk((await gateway.send('POST', `${path}/restore`)).json.warnings)
  await untilReplicated(gateway, path)
  t.match(await gateway.send('GET', '/environments/wideeu/secrets/a'), { status: 200 })
})

t.test('an environment with another prefix has the secret under another name', async (t) => {
  const gateway = await build(t, {
    environments: { dev, all: { ...dev, region: 'eu-central-1', namePrefix: '' }, deep: { region: 'eu-central-1', credential: 'prod-account', namePrefix: 'dev/team/' } },
    authorization: policies(`
      @id("dev") permit (principal, action, resource in Environment::"dev");
      @id("all") permit (principal == Caller::"writer", action, resource in Environment::"all");
      @id("kept") forbid (principal, action == Action::"CreateSecret", resource == Secret::"all/dev/kept");
    `)
  })
  const replicate = async (name: string): Promise<unknown> => {
    await gateway.send('PUT', `/environments/dev/secrets/${name}`, { json: { value: 'v' } })
    return gateway.send('PUT', `/environments/dev/secrets/${name}/replicas`, { token: tokens.writer, json: toCentral })
  }
  t.match(await replicate('free'), { status: 200 })
  t.match(await replicate('kept'), { status: 403, json: { code: 'forbidden' } })
  t.match(await replicate('team%2Fa'), { status: 403, json: { code: 'forbidden' } }, 'the account of the other credential is unknown, so it could be the same')
})

t.test('a name that another environment can\'t address still belongs to that environment', async (t) => {
  const gateway = await build(t, {
    environments: { dev, part: { ...dev, region: 'eu-central-1', namePrefix: 'dev' } },
    authorization: policies('@id("dev") permit (principal, action, resource in Environment::"dev");')
  })
  await gateway.send('PUT', '/environments/dev/secrets/x', { json: { value: 'v' } })
  t.match(await gateway.send('PUT', '/environments/dev/secrets/x/replicas', { json: toCentral }), { status: 403, json: { code: 'forbidden' } })
})
