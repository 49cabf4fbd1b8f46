import t from 'tap'
import { Problem } from '#src/problems/problem'
import { passTime } from '#test/clock'
import { build, tokens, type Gateway, type Reply } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

const put = async (gateway: Gateway, value: string, headers: Record<string, string> = {}, query = ''): Promise<Reply> =>
  gateway.send('PUT', path + query, { json: { value }, headers })

t.test('If-Match with a version writes only if that version is still current', async (t) => {
  const gateway = await build(t)
  const { json: { versionId: first } } = await put(gateway, 'v1')
  const second = await put(gateway, 'v2', { 'if-match': `"${first}"` })
  t.equal(second.status, 200)
  t.match(await put(gateway, 'v3', { 'if-match': `"${first}"` }), { status: 412, json: { code: 'precondition-failed' } })
  t.match(await put(gateway, 'v3', { 'if-match': `W/"${second.json.versionId}"` }), { status: 412 }, 'a weak entity tag never matches')
  t.match((await gateway.send('GET', path)).json, { value: 'v2', versionId: second.json.versionId })
  t.same((await gateway.send('GET', `${path}/metadata`)).json.versions, { [first]: ['AWSPREVIOUS'], [second.json.versionId]: ['AWSCURRENT'] }, 'no label is left behind')

  const patched = await gateway.send('PATCH', path, { json: { value: 'v3', description: 'd' }, headers: { 'if-match': `"${second.json.versionId}"` } })
  t.equal(patched.status, 200)
  t.match(await gateway.send('PATCH', path, { json: { value: 'v4' }, headers: { 'if-match': `"${first}"` } }), { status: 412 })
  t.match(await gateway.send('PATCH', path, { json: { description: 'e' }, headers: { 'if-match': `"${first}"` } }), { status: 412 })
  t.match((await gateway.send('GET', `${path}/metadata`)).json, { description: 'd' })
  t.match(await gateway.send('DELETE', path, { headers: { 'if-match': `"${first}"` } }), { status: 412 })
  t.equal((await gateway.send('DELETE', path, { headers: { 'if-match': `"${patched.json.versionId}"` } })).status, 200)
})

t.test('If-Match: * and If-None-Match: *', async (t) => {
  const gateway = await build(t)
  for (const [method, json] of [['PUT', { value: 'v' }], ['PATCH', { description: 'd' }], ['DELETE', undefined]] as const) {
    t.match(await gateway.send(method, path, { headers: { 'if-match': '*' }, ...(json !== undefined && { json }) }), { status: 412 }, `${method} of what there is not`)
  }
  t.equal((await put(gateway, 'v1', { 'if-none-match': '*' })).status, 201)
  t.match(await put(gateway, 'v2', { 'if-none-match': '*' }), { status: 412 })
  t.equal((await put(gateway, 'v2', { 'if-match': '*' })).status, 200)
  for (const [method, json] of [['PUT', { value: 'v' }], ['PATCH', { value: 'v' }], ['PATCH', { description: 'd' }], ['DELETE', undefined]] as const) {
    const reply = await gateway.send(method, '/environments/dev/secrets/none', { headers: { 'if-match': '"v"' }, ...(json !== undefined && { json }) })
    t.match(reply, { status: 412, json: { code: 'precondition-failed' } }, `${method} of what there is not`)
  }
  t.match(await gateway.send('DELETE', '/environments/dev/secrets/none?force=true', { headers: { 'if-match': '*' } }), { status: 412 })
  t.match(await gateway.send('PUT', path, { json: { value: 'v' }, headers: { 'if-none-match': '*' }, token: tokens.writer }), { status: 403 }, 'a caller without permission to create')
  const mistaken: Record<string, string>[] = [{ 'if-match': 'v' }, { 'if-match': '"a", "b"' }, { 'if-none-match': '"a"' }, { 'if-match': '*', 'if-none-match': '*' }]
  for (const headers of mistaken) {
    t.match(await put(gateway, 'v', headers), { status: 400, json: { errors: [{ in: 'header' }] } })
  }
  t.match(await put(gateway, 'v', { 'if-match': '"%ZZ"' }), { status: 412 }, 'an entity tag that the gateway did not create')
})

t.test('a PUT of the current value creates no new version', async (t) => {
  const gateway = await build(t)
  const first = await put(gateway, 'v1')
  t.notOk('unchanged' in first.json)
  const again = await put(gateway, 'v1')
  t.match(again, { status: 200, json: { unchanged: true, versionId: first.json.versionId } })
  t.equal(again.headers.get('etag'), `"${first.json.versionId}"`)
  t.match(await put(gateway, 'v1', { 'if-match': '"other"' }), { status: 412 }, 'even if the value is unchanged')
  t.match((await put(gateway, 'v1', { 'if-match': `"${first.json.versionId}"` })).json, { unchanged: true })
  t.not((await put(gateway, 'v1', {}, '?force=true')).json.versionId, first.json.versionId)

  await gateway.send('PUT', path, { json: { value: 'AP8=', encoding: 'base64' } })
  t.match((await gateway.send('PUT', path, { json: { value: 'AP8=', encoding: 'base64' } })).json, { unchanged: true })
  t.notOk('unchanged' in (await put(gateway, 'AP8=')).json, 'text and bytes are never equal')

  const blind = async (): Promise<string> => (await gateway.send('PUT', path, { json: { value: 'guess' }, token: tokens.pipeline })).json.versionId
  t.not(await blind(), await blind(), 'a caller who may not read can\'t check guesses by writing')
})

t.test('a conditional write can be repeated with its Idempotency-Key', async (t) => {
  const gateway = await build(t)
  const { json: { versionId } } = await put(gateway, 'v1')
  const headers = { 'if-match': `"${versionId}"`, 'idempotency-key': 'k1' }
  const first = await put(gateway, 'v2', headers)
  t.equal(first.status, 200)
  t.same((await put(gateway, 'v2', headers)).json, first.json)
  t.match(await put(gateway, 'v3', headers), { status: 409, json: { code: 'idempotency-conflict' } })
  const together = await Promise.all([1, 2, 3].map(async () => put(gateway, 'v4', { 'if-match': `"${first.json.versionId}"`, 'idempotency-key': 'k2' })))
  t.same(together.map(({ status }) => status), [200, 200, 200], 'even by three concurrent requests')
  t.equal((await gateway.send('GET', `${path}/versions?includeDeprecated=true`)).json.items.length, 3)
})

t.test('a late retry of a write that changed nothing does not overwrite a later write', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'A')
  const keyed = await put(gateway, 'A', { 'idempotency-key': 'k' })
  await put(gateway, 'B')
  t.same((await put(gateway, 'A', { 'idempotency-key': 'k' })).json, keyed.json)
  // For three seconds, the gateway considers a reply outdated if it does not show the retried write.
  passTime(3_000)
  t.equal((await gateway.send('GET', path)).json.value, 'B')
})

t.test('if a write fails after storing the value, the value is not current', async (t) => {
  const gateway = await build(t)
  const { json: { versionId } } = await put(gateway, 'v1')
  const client = gateway.fastify.awsClient('dev-account', 'eu-west-1')
  client.middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName === 'UpdateSecretCommand') throw new Problem('aws-access-denied')
    return next(args)
  }, { step: 'initialize', priority: 'low' })
  const reply = await gateway.send('PATCH', path, { json: { value: 'v2', description: 'd' }, headers: { 'if-match': `"${versionId}"` } })
  t.match(reply, { status: 403, json: { code: 'aws-access-denied' } })
  t.same((await gateway.send('GET', `${path}/metadata`)).json.versions, { [versionId]: ['AWSCURRENT'] })
})

t.test('a move succeeds even if its reply was lost and the SDK retries it', async (t) => {
  const gateway = await build(t)
  const { json: { versionId } } = await put(gateway, 'v1')
  const client = gateway.fastify.awsClient('dev-account', 'eu-west-1')
  client.middlewareStack.add((next, { commandName }) => async (args) => {
    const reply = await next(args)
    return commandName === 'UpdateSecretVersionStageCommand' && (args.input as { VersionStage: string }).VersionStage === 'AWSCURRENT' ? next(args) : reply
  }, { step: 'initialize', priority: 'low' })
  t.match(await put(gateway, 'v2', { 'if-match': `"${versionId}"` }), { status: 200 })
  // For three seconds, the gateway considers a reply with the second version outdated, because it does not know that the move
  // succeeded.
  passTime(3_000)
  t.equal((await gateway.send('GET', path)).json.value, 'v2')
})

t.test('a move that AWS refuses for another reason is reported as refused', async (t) => {
  const gateway = await build(t)
  const { json: { versionId } } = await put(gateway, 'v1')
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName === 'UpdateSecretVersionStageCommand') throw new Problem('aws-refused')
    return next(args)
  }, { step: 'initialize', priority: 'low' })
  t.match(await put(gateway, 'v2', { 'if-match': `"${versionId}"` }), { status: 422, json: { code: 'aws-refused' } })
  t.equal((await gateway.send('GET', path)).json.value, 'v1')
})

t.test('a condition fails if the secret was deleted without recovery and created again in the meantime', async (t) => {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  const { json: { versionId } } = await put(gateway, 'v1')
  let isReplaced = false
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName === 'UpdateSecretVersionStageCommand' && !isReplaced) {
      isReplaced = true
      await aws.deleteSecret({ SecretId: 'dev/payments/db', ForceDeleteWithoutRecovery: true })
      await aws.createSecret({ Name: 'dev/payments/db', SecretString: 'another' })
    }
    return next(args)
  }, { step: 'initialize', priority: 'low' })
  t.match(await put(gateway, 'v2', { 'if-match': `"${versionId}"` }), { status: 412, json: { code: 'precondition-failed' } })
  t.equal((await aws.getSecretValue({ SecretId: 'dev/payments/db' })).SecretString, 'another')
})

t.test('an internal error is not reported as an error of AWS', async (t) => {
  const gateway = await build(t)
  await put(gateway, 'v1')
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add(() => async () => { throw new TypeError('defect') }, { step: 'initialize', priority: 'low' })
  t.match(await put(gateway, 'v2'), { status: 500, json: { code: 'internal-error' } })
})

t.test('50 writers race for one secret: each round exactly one wins, and no update is lost', async (t) => {
  const gateway = await build(t)
  let { json: { versionId } } = await put(gateway, '0')
  const rounds = Number(process.env.RACE_ROUNDS ?? 5)
  for (let round = 1; round <= rounds; round++) {
    const replies = await Promise.all(Array.from({ length: 50 }, (_, writer) => put(gateway, `${round}-${writer}`, { 'if-match': `"${versionId}"` })))
    const winners = replies.filter(({ status }) => status === 200)
    t.equal(winners.length, 1)
    t.ok(replies.every(({ status }) => status === 200 || status === 412))
    versionId = winners[0]?.json.versionId
    t.equal((await gateway.send('GET', path)).json.versionId, versionId)
  }
})
