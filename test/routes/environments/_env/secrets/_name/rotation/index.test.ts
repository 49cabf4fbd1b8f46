import t from 'tap'
import { build } from '#test/helper'

const secret = '/environments/dev/secrets/payments%2Fdb'
const path = `${secret}/rotation`
const lambda = (name: string): string => `arn:aws:lambda:eu-west-1:111111111111:function:${name}`
const monthly = { lambdaArn: lambda('rotator'), automaticallyAfterDays: 30 }

t.test('setRotation rotates immediately, and then on schedule', async (t) => {
  const gateway = await build(t)
  const first = (await gateway.send('PUT', secret, { json: { value: 'v' } })).json.versionId
  const set = await gateway.send('PUT', path, { json: monthly })
  t.match(set, { status: 200, json: { name: 'payments/db', arn: /^arn:/, versionId: /./ } })

  await gateway.rotateDue()
  const rotated = (await gateway.send('GET', secret)).json
  t.equal(rotated.versionId, set.json.versionId)
  t.not(rotated.value, 'v')
  const { rotation, versions } = (await gateway.send('GET', `${secret}/metadata`)).json
  t.match(rotation, { enabled: true, ...monthly, lastRotatedDate: /Z$/, nextRotationDate: /Z$/ })
  t.match(versions[first], ['AWSPREVIOUS'])

  gateway.advance(31)
  await gateway.rotateDue()
  t.not((await gateway.send('GET', secret)).json.versionId, set.json.versionId, 'the schedule fires')
})

t.test('setRotation with rotateImmediately: false only tests the function', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const schedule = { lambdaArn: lambda('rotator'), scheduleExpression: 'cron(0 16 1,15 * ? *)', duration: '2h' }
  t.match(await gateway.send('PUT', path, { json: { ...schedule, rotateImmediately: false } }), { status: 200 })
  await gateway.rotateDue()
  t.match((await gateway.send('GET', secret)).json, { value: 'v' })
  t.match((await gateway.send('GET', `${secret}/metadata`)).json, { rotation: { enabled: true, ...schedule } })
})

t.test('rotateSecret rotates with the existing settings', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  t.match(await gateway.send('POST', path), { status: 422, json: { code: 'aws-refused', detail: /No Lambda rotation function/ } }, 'no rotation is configured')
  await gateway.send('PUT', path, { json: { ...monthly, rotateImmediately: false } })
  await gateway.rotateDue()

  const key = { headers: { 'idempotency-key': 'once' } }
  const started = await gateway.send('POST', path, key)
  t.match(started, { status: 202, json: { name: 'payments/db', versionId: /./ } })
  await gateway.rotateDue()
  t.equal((await gateway.send('GET', secret)).json.versionId, started.json.versionId)
  t.equal((await gateway.send('POST', path, key)).json.versionId, started.json.versionId, 'a retry with the same key starts no other rotation')
  await gateway.rotateDue()
  t.equal((await gateway.send('GET', secret)).json.versionId, started.json.versionId)
  t.match(await gateway.send('POST', path, { json: {} }), { status: 400 }, 'a body is refused')
})

t.test('cancelRotation keeps the settings', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  await gateway.send('PUT', path, { json: monthly })
  await gateway.rotateDue()
  const { versionId } = (await gateway.send('GET', secret)).json
  t.match(await gateway.send('DELETE', path), { status: 200, json: { name: 'payments/db' } })
  t.match((await gateway.send('GET', `${secret}/metadata`)).json, { rotation: { enabled: false, ...monthly } })
  gateway.advance(31)
  await gateway.rotateDue()
  t.equal((await gateway.send('GET', secret)).json.versionId, versionId, 'the schedule does not fire')
})

t.test('a rotation in progress', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  await gateway.send('PUT', path, { json: { ...monthly, lambdaArn: lambda('failing') } })
  await gateway.rotateDue()
  t.match((await gateway.send('GET', secret)).json, { value: 'v' }, 'the rotation failed, and AWS will retry it')
  t.match(await gateway.send('POST', path), { status: 409, json: { code: 'rotation-in-progress' } })
})

t.test('refusals', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const put = async (json: object): Promise<unknown> => gateway.send('PUT', path, { json })
  const refused = { status: 422, json: { code: 'aws-refused' } }
  t.match(await put({ ...monthly, scheduleExpression: 'rate(10 days)' }), { ...refused, json: { detail: /both rotation frequency and schedule expression/ } })
  t.match(await put({ lambdaArn: lambda('rotator'), scheduleExpression: 'rate(1 hour)' }), refused, 'more often than every four hours')
  t.match(await put({ ...monthly, lambdaArn: lambda('unknown') }), { ...refused, json: { detail: /cannot invoke the specified Lambda function/ } })
  t.match((await gateway.send('GET', `${secret}/metadata`)).json.rotation, undefined, 'no rotation is configured')
  t.match(await gateway.send('PUT', '/environments/dev/secrets/none/rotation', { json: monthly }), { status: 404, json: { code: 'secret-not-found' } })
  t.match(await gateway.send('DELETE', '/environments/dev/secrets/none/rotation'), { status: 404 })
})
