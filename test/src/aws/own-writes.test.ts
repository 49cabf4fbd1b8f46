import t from 'tap'
import type { Reply } from '#test/helper'
import { buildRealistic } from '#test/realistic/build'

const secrets = '/environments/dev/secrets'
const rounds = Array.from({ length: 4 }, (_, index) => index)

await t.test('a read after a write of the gateway shows what was written', async (t) => {
  const { send } = await buildRealistic(t, 'reads')
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    t.equal((await send('PUT', path, { json: { value: 'first' } })).status, 201)
    t.equal((await send('GET', path)).json?.value, 'first')
    t.equal((await send('PUT', path, { json: { value: 'second' } })).status, 200)
    t.equal((await send('GET', path)).json?.value, 'second')
    t.match(await send('POST', '/environments/dev/values', { json: { names: [`s${round}`] } }), { json: { items: [{ secret: { value: 'second' } }] } })
  }
})

await t.test('a PUT of the value before the last is not skipped as unchanged', async (t) => {
  const { send, aws } = await buildRealistic(t, 'back and forth')
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    for (const value of ['a', 'b', 'a']) t.match(await send('PUT', path, { json: { value } }), { status: /20[01]/ })
    t.equal((await aws('AKIADEV').getSecretValue({ SecretId: `dev/s${round}` })).SecretString, 'a')
  }
})

await t.test('a conditional write succeeds if it names the version that the gateway has just written', async (t) => {
  const { send } = await buildRealistic(t, 'conditions')
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    let { headers } = await send('PUT', path, { json: { value: '{"n":0}' } })
    for (const value of ['{"n":1}', '{"n":2}']) {
      const reply: Reply = await send('PUT', path, { json: { value }, headers: { 'if-match': headers.get('etag') ?? '' } })
      t.equal(reply.status, 200, reply.text)
      headers = reply.headers
    }
    const stale = await send('PUT', path, { json: { value: 'x' }, headers: { 'if-match': '"00000000-0000-4000-8000-000000000000"' } })
    t.equal(stale.status, 412)
  }
})

await t.test('a deletion and a restore are seen by the reads that follow', async (t) => {
  const { send } = await buildRealistic(t, 'restores')
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    await send('PUT', path, { json: { value: 'v' } })
    t.equal((await send('DELETE', path)).status, 200)
    t.equal((await send('GET', path)).status, 409)
    t.equal((await send('POST', `${path}/restore`)).status, 200)
    t.equal((await send('GET', path)).status, 200)
    t.match(await send('GET', `${path}/metadata`), { status: 200, json: { state: 'active' } })
  }
})

await t.test('a PUT after a deletion without recovery creates the secret again, once AWS has carried out the deletion', async (t) => {
  // With this seed, the backend takes a second and a half for the deletion.
  const { send } = await buildRealistic(t, 'force 1')
  const path = `${secrets}/s`
  await send('PUT', path, { json: { value: 'old' } })
  t.equal((await send('DELETE', `${path}?force=true`)).status, 200)
  t.match(await send('GET', path), { status: /404|409/ }, 'the secret is not read any more')
  t.equal((await send('PUT', path, { json: { value: 'new' } })).status, 201)
  t.equal((await send('GET', path)).json?.value, 'new')
})

await t.test('after a deletion without recovery, every request reports that there is no such secret, whatever AWS replies', async (t) => {
  const { send } = await buildRealistic(t, 'gone')
  const path = `${secrets}/s`
  const { json: { versionId } } = await send('PUT', path, { json: { value: '{}' } })
  t.equal((await send('DELETE', `${path}?force=true`)).status, 200)
  const Statement = [{ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:TagResource', Resource: '*' }]
  const patch = { json: { a: 'b' }, headers: { 'content-type': 'application/merge-patch+json' } }
  const lambdaArn = 'arn:aws:lambda:eu-west-1:111111111111:function:rotator'
  for (const [method, suffix, options] of [
    ['GET', ''], ['GET', '/metadata'], ['GET', '/versions'], ['GET', '/policy'],
    ['PATCH', '', { json: { value: 'v' } }], ['PATCH', '', { json: { description: 'd' } }], ['PATCH', '/value', patch],
    ['PUT', '/tags', { json: { a: 'b' } }], ['DELETE', '/tags?key=a'],
    ['PUT', '/stages/blue', { json: { moveToVersionId: versionId } }], ['DELETE', `/stages/blue?versionId=${versionId}`],
    ['POST', '/rollback', { json: { versionId } }],
    ['PUT', '/policy', { json: { resourcePolicy: { Version: '2012-10-17', Statement } } }], ['DELETE', '/policy'],
    ['PUT', '/replicas', { json: { replicaRegions: [{ region: 'us-east-1' }] } }], ['DELETE', '/replicas?region=us-east-1'],
    ['PUT', '/rotation', { json: { lambdaArn, automaticallyAfterDays: 30 } }], ['POST', '/rotation'], ['DELETE', '/rotation'],
    ['DELETE', ''], ['POST', '/restore']
  ] as [string, string, object?][]) {
    t.match(await send(method, path + suffix, options), { status: 404, json: { code: 'secret-not-found' } }, `${method} ${suffix}`)
  }
})

await t.test('a move of AWSCURRENT back to the previous version is recognized as a move', async (t) => {
  const { send } = await buildRealistic(t, 'back')
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    const { json: { versionId: first } } = await send('PUT', path, { json: { value: 'first' } })
    const { json: { versionId: second } } = await send('PUT', path, { json: { value: 'second' } })
    t.equal((await send('PUT', `${path}/stages/AWSCURRENT`, { json: { moveToVersionId: first, removeFromVersionId: second } })).status, 200)
    t.same((await send('GET', `${path}/metadata`)).json.versions, { [first]: ['AWSCURRENT'], [second]: ['AWSPREVIOUS'] })
  }
})

await t.test('a rotation that has begun is shown as in progress, whatever the previous rotation\'s result', async (t) => {
  const { send } = await buildRealistic(t, 'rotations')
  const lambdaArn = 'arn:aws:lambda:eu-west-1:111111111111:function:failing'
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    await send('PUT', path, { json: { value: 'v' } })
    const { json: { versionId } } = await send('PUT', `${path}/rotation`, { json: { lambdaArn, automaticallyAfterDays: 30 } })
    t.match((await send('GET', `${path}/metadata`)).json, { rotation: { enabled: true, pendingVersionId: versionId } })
  }
})

await t.test('a replication that has begun again is not shown as failed because of the previous failure', async (t) => {
  const { send, aws, catchUp } = await buildRealistic(t, 'again')
  for (const round of rounds.slice(0, 2)) {
    const path = `${secrets}/s${round}`
    const there = aws('AKIADEV', 'us-east-1')
    await there.createSecret({ Name: `dev/s${round}`, SecretString: 'in the way' })
    await send('PUT', path, { json: { value: 'v' } })
    const replicate = async (forceOverwriteReplicaSecret: boolean): Promise<unknown> =>
      send('PUT', `${path}/replicas`, { json: { replicaRegions: [{ region: 'us-east-1' }], forceOverwriteReplicaSecret } })
    await replicate(false)
    catchUp()
    t.match((await send('GET', `${path}/metadata`)).json, { replicas: [{ status: 'Failed', statusMessage: /already exists/ }] })
    await replicate(true)
    t.match((await send('GET', `${path}/metadata`)).json, { replicas: [{ status: /InProgress|InSync/ }] })
  }
})

await t.test('tags, descriptions, policies, labels and replicas are read as they were written', async (t) => {
  const { send } = await buildRealistic(t, 'settings')
  const Statement = [{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::222222222222:root' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
  const resourcePolicy = { Version: '2012-10-17', Statement }
  for (const round of rounds) {
    const path = `${secrets}/s${round}`
    const metadata = async (): Promise<Reply['json']> => (await send('GET', `${path}/metadata`)).json
    const { json: { versionId } } = await send('PUT', path, { json: { value: 'v' } })
    await send('PATCH', path, { json: { description: 'd', kmsKeyId: 'alias/other' } })
    t.match(await metadata(), { description: 'd', kmsKeyId: /other/ })
    await send('PUT', `${path}/tags`, { json: { team: 'a' } })
    t.match(await metadata(), { tags: { team: 'a' } })
    await send('DELETE', `${path}/tags?key=team`)
    t.notOk('team' in ((await metadata()).tags ?? {}))
    await send('PUT', `${path}/stages/blue`, { json: { moveToVersionId: versionId } })
    t.match((await send('GET', `${path}/versions`)).json.items, [{ versionStages: ['AWSCURRENT', 'blue'] }])
    t.equal((await send('GET', `${path}?versionStage=blue`)).status, 200)
    await send('DELETE', `${path}/stages/blue?versionId=${versionId}`)
    t.equal((await send('GET', `${path}?versionStage=blue`)).status, 404)
    await send('PUT', `${path}/policy`, { json: { resourcePolicy } })
    t.same((await send('GET', `${path}/policy`)).json.resourcePolicy, resourcePolicy)
    await send('DELETE', `${path}/policy`)
    t.notOk('resourcePolicy' in (await send('GET', `${path}/policy`)).json)
    await send('PUT', `${path}/replicas`, { json: { replicaRegions: [{ region: 'us-east-1' }] } })
    t.match(await metadata(), { replicas: [{ region: 'us-east-1' }] })
    await send('DELETE', `${path}/replicas?region=us-east-1`)
    t.notOk('replicas' in await metadata())
  }
})
