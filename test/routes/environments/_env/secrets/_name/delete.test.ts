import t from 'tap'
import { build, policies, tokens } from '#test/helper'

t.test('deleteSecret', async (t) => {
  const gateway = await build(t)
  const days = (date: string): number => Math.round((Date.parse(date) - Date.now()) / 86_400_000)

  t.test('schedules the deletion, by default with the environment\'s recovery window', async (t) => {
    for (const [env, expected] of [['dev', 30], ['staging', 7]] as const) {
      await gateway.send('PUT', `/environments/${env}/secrets/x`, { json: { value: 'v' } })
      const deleted = await gateway.send('DELETE', `/environments/${env}/secrets/x`)
      t.equal(deleted.status, 200)
      t.equal(days(deleted.json.deletionDate), expected)
    }
    t.match(await gateway.send('GET', '/environments/dev/secrets/x'), { status: 409, json: { code: 'secret-pending-deletion' } })
    t.match(await gateway.send('PUT', '/environments/dev/secrets/x', { json: { value: 'v' } }), { status: 409 })
    t.match(await gateway.send('POST', '/environments/dev/secrets/x', { json: {} }), { json: { code: 'secret-pending-deletion' } })
    gateway.advance(31)
    t.match(await gateway.send('GET', '/environments/dev/secrets/x'), { status: 404 })
  })

  t.test('accepts a recovery window of 7 to 30 days', async (t) => {
    await gateway.send('PUT', '/environments/dev/secrets/y', { json: { value: 'v' } })
    for (const refused of [6, 31, 'x', 7.5]) {
      t.match(await gateway.send('DELETE', `/environments/dev/secrets/y?recoveryWindowInDays=${refused}`), { status: 400 })
    }
    const deleted = await gateway.send('DELETE', '/environments/dev/secrets/y?recoveryWindowInDays=7')
    t.equal(deleted.status, 200)
  })

  t.test('by force requires its own permission, and is refused in a protected environment', async (t) => {
    await gateway.send('PUT', '/environments/dev/secrets/z', { json: { value: 'v' } })
    t.match(await gateway.send('DELETE', '/environments/dev/secrets/z?force=true&recoveryWindowInDays=7'), { status: 400 })
    t.equal((await gateway.send('DELETE', '/environments/dev/secrets/z?force=true')).status, 200)
    t.match(await gateway.send('GET', '/environments/dev/secrets/z'), { status: 404 })

    await gateway.send('PUT', '/environments/prod/secrets/z', { json: { value: 'v' } })
    t.match(await gateway.send('DELETE', '/environments/prod/secrets/z?force=true'), { status: 403, json: { code: 'deletion-protected' } })

    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"DeleteSecret"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('DELETE', '/environments/dev/secrets/z?force=true', { token: tokens.stranger })
    t.match(reply, { status: 403, json: { code: 'forbidden' } })
    t.same(other.awsCalls, [])
  })
})

t.test('detachReplicas: deletes the replicas, then the secret', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("all") permit (principal, action, resource);
      @id("keeps-replicas") forbid (principal == Caller::"stranger", action == Action::"RemoveRegionsFromReplication", resource);
    `)
  })
  const path = '/environments/dev/secrets/replicated'
  const regions = async (): Promise<string[]> => {
    const { json: { replicas = [] } } = await gateway.send('GET', `${path}/metadata`)
    return replicas.map(({ region }: { region: string }) => region)
  }
  const replicate = async (): Promise<void> => {
    await gateway.send('PUT', path, { json: { value: 'v' } })
    await gateway.send('PUT', `${path}/replicas`, { json: { replicaRegions: [{ region: 'eu-central-1' }, { region: 'us-east-1' }] } })
  }
  await replicate()
  for (const query of ['', '?force=true', '?detachReplicas=false']) {
    t.match(await gateway.send('DELETE', path + query), { status: 409, json: { code: 'secret-has-replicas', detail: /detachReplicas=true/ } }, query)
  }
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`, { token: tokens.stranger }), { status: 403, json: { code: 'forbidden' } })
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`, { headers: { 'if-match': '"another"' } }), { status: 412 })
  t.same(await regions(), ['eu-central-1', 'us-east-1'], 'a refused deletion keeps the replicas')

  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`), { status: 200, json: { name: 'replicated' } })
  t.same(await regions(), [])
  t.match(await gateway.send('GET', `${path}/metadata`), { json: { state: 'pending-deletion' } })
  t.same((await gateway.aws('AKIADEV', 'us-east-1').listSecrets({})).SecretList, [])

  await gateway.send('POST', `${path}/restore`)
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`), { status: 200 }, 'it has no replicas')
  await gateway.send('POST', `${path}/restore`)
  await replicate()
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true&force=true`), { status: 200 })
  gateway.catchUp()
  t.match(await gateway.send('GET', path), { status: 404 })
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`), { status: 404, json: { code: 'secret-not-found' } })
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true&force=true`), { status: 200 }, 'like AWS, if the secret does not exist')
})

t.test('detachReplicas: a replica that is a secret of another environment requires that environment\'s permissions', async (t) => {
  const dev = { region: 'eu-west-1', credential: 'dev-account' }
  const gateway = await build(t, {
    environments: { dev, deveu: { ...dev, region: 'eu-central-1', namePrefix: 'dev/', deletionProtection: true } },
    authorization: policies(`
      @id("dev") permit (principal, action, resource in Environment::"dev");
      @id("administrator") permit (principal == Caller::"administrator", action, resource);
    `)
  })
  const path = '/environments/dev/secrets/a'
  await gateway.send('PUT', path, { json: { value: 'v' } })
  await gateway.send('PUT', `${path}/replicas`, { json: { replicaRegions: [{ region: 'eu-central-1' }] } })
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`, { token: tokens.stranger }), { status: 403, json: { code: 'forbidden' } })
  t.match(await gateway.send('DELETE', `${path}?detachReplicas=true`), { status: 403, json: { code: 'deletion-protected' } })
  gateway.catchUp()
  t.match(await gateway.send('GET', '/environments/deveu/secrets/a'), { status: 200 })
})
