import t from 'tap'
import { build, declared, policies, sameCalls, tokens, untilReplicated, type Gateway } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('restoreSecret', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  await gateway.send('DELETE', path)
  t.match(await gateway.send('POST', `${path}/restore`), { status: 200, json: { name: 'payments/db', arn: /^arn:/ } })
  t.match((await gateway.send('GET', path)).json, { value: 'v' })
  t.match(await gateway.send('POST', '/environments/dev/secrets/none/restore'), { status: 404, json: { code: 'secret-not-found' } })

  t.match(await gateway.send('POST', `${path}/restore`, { json: {} }), { status: 400 }, 'a body is refused')
  t.match(await gateway.send('POST', `${path}/restore`, { headers: { 'content-type': 'application/json' } }), { status: 200 }, 'a media type without a body is accepted')
  await gateway.send('DELETE', `${path}?recoveryWindowInDays=7`)
  gateway.advance(8)
  t.match(await gateway.send('POST', `${path}/restore`), { status: 404 }, 'not after the recovery window')
})

const settings = { tags: { environment: 'dev', team: 'a' }, replicaRegions: ['eu-central-1', 'us-east-1'], kmsKeyId: 'alias/k' }

/**
 * Starts a gateway whose environment `dev` has `settings`, and schedules a secret in `dev` for deletion. The secret differs from
 * the settings: it lacks one of the tags and all replicas, and has another KMS key.
 */
async function withDeleted (t: Parameters<typeof build>[0], rules = ''): Promise<Gateway> {
  const gateway = await build(t, {
    environments: { ...declared.environments, dev: { ...declared.environments.dev, ...settings } },
    authorization: policies(`@id("all") permit (principal, action, resource); ${rules}`)
  })
  await gateway.send('POST', path, { json: { value: 'v', tags: { own: 'x' } } })
  const aws = gateway.aws('AKIADEV')
  const SecretId = 'dev/payments/db'
  await aws.untagResource({ SecretId, TagKeys: ['team'] })
  await aws.updateSecret({ SecretId, KmsKeyId: 'alias/other' })
  await gateway.send('DELETE', `${path}?detachReplicas=true`)
  return gateway
}

t.test('a restored secret gets the environment\'s tags and replicas again', async (t) => {
  const gateway = await withDeleted(t)
  t.match(await gateway.send('POST', `${path}/restore`), { status: 200, json: { warnings: ['Possibly the KMS key is not that of the environment.'] } })
  await untilReplicated(gateway, path)
  t.match((await gateway.send('GET', `${path}/metadata`)).json, {
    kmsKeyId: /alias\/other$/,
    tags: { environment: 'dev', team: 'a', own: 'x' },
    replicas: [{ region: 'eu-central-1', status: 'InSync' }, { region: 'us-east-1', status: 'InSync' }]
  })
  await gateway.aws('AKIADEV').updateSecret({ SecretId: 'dev/payments/db', KmsKeyId: 'alias/k' })
  gateway.awsCalls.length = 0
  t.notOk((await gateway.send('POST', `${path}/restore`)).json.warnings, 'all settings hold')
  sameCalls(t, gateway, ['RestoreSecret', 'DescribeSecret'])
  t.notOk((await gateway.send('POST', '/environments/staging/secrets/none/restore')).json.warnings)
})

t.test('a secret with another KMS key causes a warning, with the word "possibly" unless the names of the keys prove that they differ', async (t) => {
  const gateway = await withDeleted(t)
  const key = '1234abcd-12ab-34cd-56ef-1234567890ab'
  const warnings = async (KmsKeyId: string): Promise<unknown> => {
    await gateway.send('POST', `${path}/restore`)
    await gateway.aws('AKIADEV').updateSecret({ SecretId: 'dev/payments/db', KmsKeyId })
    return (await gateway.send('POST', `${path}/restore`)).json.warnings
  }
  t.same(await warnings(''), ['The KMS key is not that of the environment.'], 'the default key')
  const possibly = ['Possibly the KMS key is not that of the environment.']
  t.same(await warnings(`arn:aws:kms:eu-west-1:111111111111:key/${key}`), possibly, 'the ARN of a key, where the environment names an alias')
  t.same(await warnings('alias/other'), possibly, 'another alias, which may belong to the same key')
  t.notOk(await warnings('arn:aws:kms:eu-west-1:111111111111:alias/k'), 'the ARN of the alias')
})

t.test('a setting that is not in effect after a restore causes a warning', async (t) => {
  const gateway = await withDeleted(t, `
    @id("no-replicas") forbid (principal == Caller::"reader", action in [Action::"ReplicateSecretToRegions", Action::"TagResource"], resource);
    @id("blind") forbid (
      principal == Caller::"writer", action in [Action::"ReplicateSecretToRegions", Action::"TagResource", Action::"DescribeSecret"], resource
    );
  `)
  const restore = async (token: string): Promise<unknown> => {
    const { status, json } = await gateway.send('POST', `${path}/restore`, { token })
    t.equal(status, 200)
    return json.warnings
  }
  t.same(await restore(tokens.reader), [
    'Tags of the environment are missing.', 'Replicas in regions of the environment are missing.',
    'Possibly the KMS key is not that of the environment.'
  ])
  const blind = [
    'Possibly tags of the environment are missing.', 'Possibly replicas in regions of the environment are missing.',
    'Possibly the KMS key is not that of the environment.'
  ]
  t.same(await restore(tokens.writer), blind)
  await restore(tokens.administrator)
  await gateway.aws('AKIADEV').updateSecret({ SecretId: 'dev/payments/db', KmsKeyId: 'alias/k' })
  t.same(await restore(tokens.writer), blind, 'a caller who may not see the metadata does not learn whether the settings hold')
  t.notOk(await restore(tokens.reader))
})

t.test('a restore succeeds even if the settings can\'t be applied', async (t) => {
  const gateway = await withDeleted(t)
  await gateway.aws('AKIADEV', 'us-east-1').createSecret({ Name: 'dev/payments/db', SecretString: 'another' })
  let fails = 'TagResourceCommand'
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName === fails) throw Object.assign(new Error('down'), { name: 'InternalServiceError' })
    return next(args)
  }, { step: 'initialize', priority: 'low' })
  const { status, json: { warnings } } = await gateway.send('POST', `${path}/restore`)
  t.equal(status, 200)
  t.same(warnings, [
    'Tags of the environment are missing: aws-unavailable.',
    // In AWS, a replication fails only after the reply.
    ...gateway.isRealistic ? [] : ['Replicas in regions of the environment are missing: replication-failed.'],
    'Possibly the KMS key is not that of the environment.'
  ])
  gateway.catchUp()
  const { replicas } = (await gateway.send('GET', `${path}/metadata`)).json
  t.match(replicas.find(({ region }: { region: string }) => region === 'us-east-1'), { status: 'Failed', statusMessage: /already exists/ })
  fails = 'DescribeSecretCommand'
  t.match(await gateway.send('POST', `${path}/restore`), {
    status: 200, json: { warnings: ['It was not checked whether the settings of the environment hold: aws-unavailable.'] }
  })
  fails = 'RestoreSecretCommand'
  t.match(await gateway.send('POST', `${path}/restore`), { status: 502, json: { code: 'aws-unavailable' } })
})

t.test('a secret that a bulk create restores gets the settings, too', async (t) => {
  const gateway = await withDeleted(t)
  const bulk = async (json: object): Promise<unknown> => (await gateway.send('POST', '/environments/dev/secrets', { json: { restore: true, ...json } })).json.items
  const before = (await gateway.send('GET', `${path}/metadata`)).json
  const failing = { name: 'b', value: 'v', kmsKeyId: 'alias/none' }
  t.match(await bulk({ atomic: true, secrets: [{ name: 'payments/db' }, failing], settings: { concurrency: 1 } }), [{ result: 'rolled-back' }, { result: 'failed' }])
  const { tags, state, replicas } = (await gateway.send('GET', `${path}/metadata`)).json
  t.same({ tags, state, replicas }, { tags: before.tags, state: 'pending-deletion', replicas: before.replicas }, 'a rollback takes the settings back')
  t.match(await bulk({ secrets: [{ name: 'payments/db', value: 'w' }] }), [{
    result: 'restored', warnings: [/`onConflict` is not `update`/, 'Possibly the KMS key is not that of the environment.']
  }])
  t.match((await gateway.send('GET', `${path}/metadata`)).json, { tags: { team: 'a' }, replicas: [{ region: 'eu-central-1' }, { region: 'us-east-1' }] })
})
