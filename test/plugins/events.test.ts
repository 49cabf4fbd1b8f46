import t, { type Test } from 'tap'
import { build, caching, declared, embedded, type Gateway } from '#test/helper'
import { startQueue, type TestQueue } from '#test/sqs'
import { until } from '#test/until'

const arn = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/payments/db-AbCdEf'
const event = (detail: object, more: object = {}): string => JSON.stringify({ version: '0', source: 'aws.secretsmanager', resources: [], detail, ...more })

/** Starts a gateway that listens to a queue. */
async function listening (t: Test): Promise<{ gateway: Gateway, queue: TestQueue, isKept: () => Promise<boolean> }> {
  const queue = await startQueue(t)
  const { queueUrl } = queue
  const gateway = await build(t, { ...caching, cache: { events: [{ queueUrl, region: 'eu-west-1', credential: 'dev-account' }] } })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/payments/db', SecretString: 'v' })
  return {
    gateway,
    queue,
    async isKept () {
      const { headers } = await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb')
      return headers.get('cache-status')?.includes('hit') === true
    }
  }
}

t.test('the secret that an event names is read from AWS again', async (t) => {
  const { gateway, queue } = await listening(t)
  const value = async (): Promise<string> => (await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb')).json.value
  t.equal(await value(), 'v')
  await gateway.aws('AKIADEV').putSecretValue({ SecretId: 'dev/payments/db', SecretString: 'rotated' })
  t.equal(await value(), 'v')
  queue.send(event({ eventName: 'UpdateSecretVersionStage', requestParameters: { secretId: arn } }))
  await until(() => queue.messages().length === 0)
  t.equal(await value(), 'rotated')
  t.same([...queue.signers], ['AKIADEV'])
  t.equal(queue.waiting(), 1, 'the gateway waits for the next one')
})

t.test('all kinds of events about a change', async (t) => {
  const { gateway, queue, isKept } = await listening(t)
  const name = 'dev/payments/db'
  const partialArn = arn.slice(0, -'-AbCdEf'.length)
  const changes = {
    'Secret Label Updated': event({ name, labelUpdated: 'AWSCURRENT', versionId: 'x' }, { resources: [arn] }),
    'the same, without a name': event({ labelUpdated: 'AWSCURRENT' }, { resources: [arn] }),
    'a name in the request': event({ eventName: 'PutSecretValue', requestParameters: { secretId: name, clientRequestToken: 'x' } }),
    'an ARN without its suffix': event({ eventName: 'PutSecretValue', requestParameters: { secretId: partialArn } }),
    'a new secret': event({ eventName: 'CreateSecret', requestParameters: { name } }),
    'an ARN in the response': event({ eventName: 'DeleteSecret', requestParameters: null, responseElements: { arn } }),
    'an ARN in the response, before 2024': event({ eventName: 'DeleteSecret', responseElements: { aRN: arn } }),
    'the end of a rotation': event({ eventName: 'RotationSucceeded', requestParameters: null, additionalEventData: { SecretId: arn } })
  }
  for (const [kind, text] of Object.entries(changes)) {
    // A value that is read within ten seconds after an event is cached for only one second.
    gateway.advance(20 / 86_400)
    await isKept()
    t.equal(await isKept(), true)
    queue.send(text)
    await until(() => queue.messages().length === 0)
    t.equal(await isKept(), false, kind)
  }
  gateway.advance(20 / 86_400)
  await isKept()
  const others = {
    'a read': event({ eventName: 'GetSecretValue', requestParameters: { secretId: arn } }),
    'a write that failed': event({ eventName: 'PutSecretValue', errorCode: 'AccessDenied', requestParameters: { secretId: arn } }),
    'another secret': event({ eventName: 'PutSecretValue', requestParameters: { secretId: 'dev/payments/db2' } })
  }
  for (const [kind, text] of Object.entries(others)) {
    queue.send(text)
    await until(() => queue.messages().length === 0)
    t.equal(await isKept(), true, kind)
  }
  t.notMatch(gateway.log.join(''), 'messages that are no events')
})

t.test('messages that are not events about a secret are deleted, counted, and logged without their content', async (t) => {
  const { gateway, queue, isKept } = await listening(t)
  await isKept()
  const bad = [
    'canary', '', '"canary"', 'null', '[]', '{}', event({}), event({ eventName: 'PutSecretValue', requestParameters: { secretId: 5 } }),
    event({ name: 'dev/payments/db' }, { source: 'canary' }), event({ name: ['canary'] }, { resources: { canary: 1 } }), event({}, { detail: 'canary' })
  ]
  queue.send(...bad)
  await until(() => queue.messages().length === 0)
  t.equal(await isKept(), true)
  queue.send(event({ name: 'dev/payments/db' }), 'canary')
  await until(() => queue.messages().length === 0)
  t.equal(await isKept(), false, 'the events among them are heard')
  await until(() => gateway.log.some((line) => line.includes('"refused":12')))
  t.notMatch(gateway.log.join(''), 'canary')
})

t.test('a queue that can\'t be read is retried', async (t) => {
  const queue = await startQueue(t)
  queue.isHasty = true
  queue.fail('AccessDenied', 'InvalidClientTokenId')
  const { queueUrl } = queue
  const { log, send } = await build(t, { ...caching, cache: { events: [{ queueUrl, region: 'eu-west-1', credential: 'dev-account' }] } })
  await until(() => log.some((line) => line.includes('events are received again')))
  const failures = log.filter((line) => line.includes('events can not be received'))
  t.match(failures.map((line) => JSON.parse(line)), [{ queue: queueUrl, reason: 'AccessDenied' }], 'once')
  t.notMatch(log.join(''), 'canary')
  t.match(await send('GET', '/health/ready'), { status: 200 })
  await until(() => queue.calls.length >= 4)
  t.ok(queue.calls.length < 10, 'it is not asked without a pause')
})

t.test('a reload changes the queues, and the end of the gateway ends the wait for messages', async (t) => {
  const { gateway: { fastify }, queue } = await listening(t)
  await until(() => queue.waiting() === 1)
  const other = await startQueue(t)
  const { current } = fastify.config
  fastify.config.replace({ ...current, limits: current.limits })
  fastify.config.replace({ ...current, cache: { ...current.cache, events: [{ queueUrl: other.queueUrl, region: 'eu-west-1', credential: 'prod-account' }] } })
  await until(() => other.waiting() === 1 && queue.waiting() === 0)
  t.same([...other.signers], ['AKIAPROD'])
  t.same(queue.calls, ['ReceiveMessage'])
  await fastify.close()
  await until(() => other.waiting() === 0)
})

t.test('a credential without keys is logged with the reason', async (t) => {
  const queue = await startQueue(t)
  const { log } = await build(t, {
    ...caching,
    credentials: { ...declared.credentials, 'dev-account': embedded('AKIADEV'), broken: { kind: 'environment', accessKeyIdVariable: 'NOT_SET', secretAccessKeyVariable: 'NOT_SET' } },
    cache: { events: [{ queueUrl: queue.queueUrl, region: 'eu-west-1', credential: 'broken' }] }
  })
  await until(() => log.some((line) => line.includes('events can not be received') && line.includes('NOT_SET')))
  t.same(queue.calls, [])
})
