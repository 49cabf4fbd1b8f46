import t from 'tap'
import { build, declared, untilReplicated } from '#test/helper'

const secret = '/environments/dev/secrets/payments%2Fdb'
const path = `${secret}/replicas`

t.test('replicateSecret, removeReplicas', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const replicate = async (...replicaRegions: object[]): Promise<unknown> => gateway.send('PUT', path, { json: { replicaRegions } })

  t.match(await replicate({ region: 'eu-central-1' }, { region: 'us-east-1' }), {
    status: 200,
    json: { name: 'payments/db', arn: /^arn:/, replicas: [{ region: 'eu-central-1' }, { region: 'us-east-1' }] }
  })
  await untilReplicated(gateway, secret)
  t.match((await gateway.send('GET', `${secret}/metadata`)).json, {
    primaryRegion: 'eu-west-1',
    replicas: [{ region: 'eu-central-1', status: 'InSync' }, { region: 'us-east-1', status: 'InSync' }]
  })
  const there = gateway.aws('AKIADEV', 'us-east-1')
  t.equal((await there.getSecretValue({ SecretId: 'dev/payments/db' })).SecretString, 'v', 'the replica has the value')
  await gateway.send('PUT', secret, { json: { value: 'w' } })
  await untilReplicated(gateway, secret)
  t.equal((await there.getSecretValue({ SecretId: 'dev/payments/db' })).SecretString, 'w', 'the replica follows changes')

  t.match(await gateway.send('DELETE', secret), { status: 409, json: { code: 'secret-has-replicas', detail: /detachReplicas=true/ } })
  const left = await gateway.send('DELETE', `${path}?region=eu-central-1`)
  t.match(left, { status: 200, json: { replicas: [{ region: 'us-east-1' }] } })
  t.equal(left.json.replicas.length, 1)
  await gateway.send('DELETE', `${path}?region=us-east-1`)
  t.match(await gateway.send('DELETE', secret), { status: 200 })
})

t.test('refusals', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const put = async (json: unknown): Promise<unknown> => gateway.send('PUT', path, { json })
  t.match(await put({ replicaRegions: [{ region: 'eu-west-1' }] }), { status: 422, json: { detail: 'Invalid replica region.' } }, 'the secret\'s own region')
  t.match(await put({ replicaRegions: [{ region: 'eu-nowhere-9' }] }), { status: 422, json: { code: 'aws-refused' } }, 'a region that does not exist')
  t.match(await put({ replicaRegions: [] }), { status: 400, json: { errors: [{ pointer: '/replicaRegions' }] } })
  t.match(await put({ replicaRegions: [{ region: 'Europe' }] }), { status: 400, json: { errors: [{ pointer: '/replicaRegions/0/region' }] } })
  t.match(await gateway.send('DELETE', path), { status: 400, json: { errors: [{ in: 'query', message: /'region'/ }] } })
  t.match(await gateway.send('PUT', '/environments/dev/secrets/none/replicas', { json: { replicaRegions: [{ region: 'us-east-1' }] } }), { status: 404 })
})

t.test('a secret of that name already exists in the region', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const there = gateway.aws('AKIADEV', 'us-east-1')
  await there.createSecret({ Name: 'dev/payments/db', SecretString: 'another' })
  const failed = await gateway.send('PUT', path, { json: { replicaRegions: [{ region: 'us-east-1' }] } })
  t.match(failed, { status: 200 })
  await untilReplicated(gateway, secret)
  t.match((await gateway.send('GET', `${secret}/metadata`)).json, { replicas: [{ status: 'Failed', statusMessage: /already exists/ }] })
  t.equal((await there.getSecretValue({ SecretId: 'dev/payments/db' })).SecretString, 'another')

  await gateway.send('PUT', path, { json: { replicaRegions: [{ region: 'us-east-1' }], forceOverwriteReplicaSecret: true } })
  await untilReplicated(gateway, secret, true)
  t.equal((await there.getSecretValue({ SecretId: 'dev/payments/db' })).SecretString, 'v', 'it is overwritten on request')
})

t.test('an environment\'s replica regions', async (t) => {
  const dev = { ...declared.environments.dev, replicaRegions: ['eu-central-1', 'us-east-1'] }
  const gateway = await build(t, { environments: { ...declared.environments, dev } })
  t.match((await gateway.send('GET', '/environments/dev')).json, { replicaRegions: ['eu-central-1', 'us-east-1'] })
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['bulk'] } })
  for (const place of [secret, '/environments/dev/secrets/bulk']) {
    t.match((await gateway.send('GET', `${place}/metadata`)).json, { replicas: [{ region: 'eu-central-1' }, { region: 'us-east-1' }] }, place)
  }
})
