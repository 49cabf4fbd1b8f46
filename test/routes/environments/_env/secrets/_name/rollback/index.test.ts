import t from 'tap'
import { build } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('rollBackSecret', async (t) => {
  const gateway = await build(t)
  const versionIds: string[] = []
  for (const value of ['v1', 'v2', 'v3']) versionIds.push((await gateway.send('PUT', path, { json: { value } })).json.versionId)
  const value = async (): Promise<string> => (await gateway.send('GET', path)).json.value

  const back = await gateway.send('POST', `${path}/rollback`, { json: {} })
  t.match(back, { status: 200, json: { versionId: versionIds[1] } })
  t.equal(back.headers.get('etag'), `"${versionIds[1] ?? ''}"`)
  t.equal(await value(), 'v2')
  await gateway.send('POST', `${path}/rollback`, { json: {} })
  t.equal(await value(), 'v3', 'a second rollback undoes the first')
  await gateway.send('POST', `${path}/rollback`, { json: { versionId: versionIds[0] } })
  t.equal(await value(), 'v1', 'it can restore a version without a label')

  const conditional = { json: {}, headers: { 'if-match': `"${versionIds[0] ?? ''}"` } }
  t.equal((await gateway.send('POST', `${path}/rollback`, conditional)).status, 200)
  t.match(await gateway.send('POST', `${path}/rollback`, conditional), { status: 412, json: { code: 'precondition-failed' } }, 'the condition no longer holds after the rollback')
  t.match(await gateway.send('POST', '/environments/dev/secrets/none/rollback', conditional), { status: 412 })
  const together = await Promise.all(Array.from({ length: 10 }, async () => gateway.send('POST', `${path}/rollback`, { json: {} })))
  t.same(together.filter(({ status, json }) => status !== 200 && json.code !== 'write-conflict').map(({ json }) => json), [])

  await gateway.send('PUT', '/environments/dev/secrets/one', { json: { value: 'v' } })
  t.match(await gateway.send('POST', '/environments/dev/secrets/one/rollback', { json: {} }), { status: 404, json: { code: 'version-not-found' } })
  await gateway.send('POST', '/environments/dev/secrets/empty', { json: {} })
  t.match(await gateway.send('POST', '/environments/dev/secrets/empty/rollback', { json: {} }), { status: 409, json: { code: 'secret-has-no-value' } })
  t.match(await gateway.send('POST', '/environments/dev/secrets/none/rollback', { json: {} }), { status: 404, json: { code: 'secret-not-found' } })
})

t.test('if another writer interferes, rollBackSecret reports a conflict or, with If-Match, a failed precondition', async (t) => {
  const gateway = await build(t)
  for (const value of ['v1', 'v2']) await gateway.send('PUT', path, { json: { value } })
  gateway.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
    if (commandName === 'UpdateSecretVersionStageCommand') await gateway.aws('AKIADEV').putSecretValue({ SecretId: 'dev/payments/db', SecretString: 'other' })
    return next(args)
  }, { step: 'initialize', priority: 'low' })
  t.match(await gateway.send('POST', `${path}/rollback`, { json: {} }), { status: 409, json: { code: 'write-conflict' } })
  t.match(await gateway.send('POST', `${path}/rollback`, { json: {}, headers: { 'if-match': '*' } }), { status: 412, json: { code: 'precondition-failed' } })
  t.equal((await gateway.send('GET', path)).json.value, 'other')
})
