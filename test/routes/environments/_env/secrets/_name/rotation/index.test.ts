import t from 'tap'
import { build, policies, tokens } from '#test/helper'

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

t.test('a failed rotation can be ended, so that the secret can be rotated again', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const { versionId } = (await gateway.send('PUT', path, { json: { ...monthly, lambdaArn: lambda('failing-to-set') } })).json
  await gateway.rotateDue()
  const versions = async (): Promise<Record<string, string[]>> => (await gateway.send('GET', `${secret}/metadata`)).json.versions
  t.match(await versions(), { [versionId]: ['AWSPENDING'] })
  const rotation = async (): Promise<object> => (await gateway.send('GET', `${secret}/metadata`)).json.rotation
  t.match(await rotation(), { enabled: true, pendingVersionId: versionId, lastRotatedDate: undefined })

  t.match(await gateway.send('DELETE', path), { status: 200 })
  t.match(await rotation(), { enabled: false, pendingVersionId: versionId })
  const refused = await gateway.send('POST', path)
  t.match(refused, { status: 409, json: { code: 'rotation-in-progress', detail: /DELETE …\/rotation\?discardPending=true/ } })
  t.match(await gateway.send('DELETE', `${path}?discardPending=true`), { status: 200, json: { name: 'payments/db' } })
  t.notOk(versionId in await versions())
  t.match(await rotation(), { pendingVersionId: undefined })
  t.match(await gateway.send('DELETE', `${path}?discardPending=true`), { status: 200 }, 'there is nothing left to discard')

  t.match(await gateway.send('PUT', path, { json: monthly }), { status: 200 })
  await gateway.rotateDue()
  t.not((await gateway.send('GET', secret)).json.value, 'v')
  t.match(await rotation(), { enabled: true, pendingVersionId: undefined, lastRotatedDate: String })
  const after = await versions()
  t.match(await gateway.send('DELETE', `${path}?discardPending=true`), { status: 200 })
  t.same(await versions(), after, 'the labels of a finished rotation stay')
})

t.test('choosing the rotation function and starting a rotation require separate permissions', async (t) => {
  const may = (caller: string, ...actions: string[]): string => `@id("${caller}") permit (principal == Caller::"${caller}", action in [${
    ['DescribeEnvironment', ...actions].map((action) => `Action::"${action}"`).join()}], resource);`
  const gateway = await build(t, {
    authorization: policies([
      '@id("administrators") permit (principal in Group::"administrators", action, resource);',
      may('writer', 'rotate'), may('pipeline', 'ConfigureRotation'), may('team-service', 'ConfigureRotation', 'RotateSecret')
    ].join('\n'))
  })
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const later = { ...monthly, rotateImmediately: false }
  const asked = async (token: string, method: string, json?: object): Promise<number> => {
    const { status } = await gateway.send(method, path, { token, ...json && { json } })
    await gateway.rotateDue()
    return status
  }
  t.same([await asked(tokens.writer, 'PUT', later), await asked(tokens.writer, 'PUT', monthly)], [403, 403])
  t.equal(await asked(tokens.pipeline, 'PUT', monthly), 403)
  t.notOk('rotation' in (await gateway.send('GET', `${secret}/metadata`)).json, 'nothing was configured')
  t.same([await asked(tokens.pipeline, 'PUT', later), await asked(tokens.pipeline, 'POST')], [200, 403])
  t.equal((await gateway.send('GET', secret)).json.value, 'v', 'the function was only tested')
  t.equal(await asked(tokens.writer, 'POST'), 202)
  t.equal(await asked(tokens.team, 'PUT', monthly), 200)
})

t.test('discardPending requires the permission to move labels', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("rotators") permit (principal == Caller::"writer", action in [Action::"DescribeEnvironment", Action::"rotate"], resource);
    `)
  })
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  await gateway.send('PUT', path, { json: { ...monthly, lambdaArn: lambda('failing') } })
  await gateway.rotateDue()
  t.match(await gateway.send('DELETE', `${path}?discardPending=true`, { token: tokens.writer }), { status: 403, json: { code: 'forbidden' } })
  t.match((await gateway.send('GET', `${secret}/metadata`)).json, { rotation: { enabled: true } }, 'nothing was done')
  t.match(await gateway.send('DELETE', path, { token: tokens.writer }), { status: 200 })
})

t.test('the rotation of a placeholder has a warning, unless the caller may not see the secret', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("rotators") permit (principal == Caller::"writer", action in [Action::"DescribeEnvironment", Action::"rotate"], resource);
    `)
  })
  await gateway.send('POST', secret, { json: {} })
  const failing = { ...monthly, lambdaArn: lambda('failing') }
  t.match(await gateway.send('PUT', path, { json: failing }), { status: 200, json: { warnings: [/has no value/] } })
  await gateway.rotateDue()
  t.notOk('warnings' in (await gateway.send('DELETE', path)).json)

  await gateway.send('POST', '/environments/dev/secrets/other', { json: {} })
  const unseen = await gateway.send('POST', '/environments/dev/secrets/other/rotation', { token: tokens.writer })
  t.match(unseen, { status: 422 }, 'no rotation is configured')
  t.notOk(gateway.awsCalls.slice(-1).includes('DescribeSecret'))

  await gateway.send('PUT', secret, { json: { value: 'v' } })
  t.notOk('warnings' in (await gateway.send('PUT', path, { json: { ...monthly, rotateImmediately: false } })).json, 'the secret has a value')
})

t.test('every route reports a version without a value in the same way', async (t) => {
  for (const hadValue of [false, true]) {
    const gateway = await build(t)
    await gateway.send('POST', secret, { json: hadValue ? { value: 'v' } : {} })
    const { versionId } = (await gateway.send('PUT', path, { json: { ...monthly, lambdaArn: lambda('failing') } })).json
    await gateway.rotateDue()
    const empty = { versionId, hasValue: false, versionStages: ['AWSPENDING'] }
    t.match((await gateway.send('GET', `${secret}/metadata`)).json.versions, { [versionId]: ['AWSPENDING'] })
    t.same((await gateway.send('GET', `${secret}/versions`)).json.items.slice(-1), [empty])
    t.equal((await gateway.send('GET', `${secret}/versions?includeDeprecated=true`)).json.items.length, hadValue ? 2 : 1)

    const refused = { status: 409, json: { code: 'version-has-no-value' } }
    for (const query of ['versionStage=AWSPENDING', `versionId=${versionId}`, `versionId=${versionId}&versionStage=AWSPENDING`]) {
      t.match(await gateway.send('GET', `${secret}?${query}`), refused, query)
    }
    t.match(await gateway.send('PUT', `${secret}/stages/BLUE`, { json: { moveToVersionId: versionId } }), refused)
    t.match(await gateway.send('POST', `${secret}/rollback`, { json: { versionId } }), hadValue ? refused : { status: 409, json: { code: 'secret-has-no-value' } })

    const missing = { status: 404, json: { code: 'version-not-found' } }
    const other = '00000000-0000-4000-8000-000000000000'
    for (const query of [`versionId=${other}`, 'versionStage=BLUE', `versionId=${versionId}&versionStage=BLUE`]) {
      t.match(await gateway.send('GET', `${secret}?${query}`), missing, query)
    }
    t.match(await gateway.send('PUT', `${secret}/stages/BLUE`, { json: { moveToVersionId: other } }), missing)
    t.match(await gateway.send('DELETE', `${secret}/stages/BLUE?versionId=${other}`), missing)
  }
})

t.test('a version without a value ends the last page of a list', async (t) => {
  const gateway = await build(t)
  for (const value of ['v1', 'v2', 'v3']) await gateway.send('PUT', secret, { json: { value } })
  await gateway.send('PUT', path, { json: { ...monthly, lambdaArn: lambda('failing') } })
  await gateway.rotateDue()
  const pages: unknown[] = []
  let cursor = ''
  do {
    const { json } = await gateway.send('GET', `${secret}/versions?limit=1${cursor}`)
    pages.push(json.items.map(({ versionStages }: { versionStages: string[] }) => versionStages.join()))
    cursor = 'nextCursor' in json ? `&cursor=${encodeURIComponent(json.nextCursor)}` : ''
  } while (cursor !== '')
  t.same(pages, [['AWSPREVIOUS'], ['AWSCURRENT', 'AWSPENDING']])
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
