import { randomUUID } from 'node:crypto'
import t from 'tap'
import { build, tokens } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('moveStage and removeStage', async (t) => {
  const gateway = await build(t)
  const versionIds: string[] = []
  for (const value of ['v1', 'v2']) versionIds.push((await gateway.send('PUT', path, { json: { value } })).json.versionId)
  const [first = '', second = ''] = versionIds
  const stages = async (): Promise<Record<string, string[]>> => (await gateway.send('GET', `${path}/metadata`)).json.versions

  t.test('a custom label is attached to a version, moved and removed', async (t) => {
    const put = await gateway.send('PUT', `${path}/stages/blue`, { json: { moveToVersionId: first } })
    t.match(put, { status: 200, json: { name: 'payments/db', versionId: first } })
    t.match((await gateway.send('GET', `${path}?versionStage=blue`)).json, { value: 'v1' })
    t.match(await gateway.send('PUT', `${path}/stages/blue`, { json: { moveToVersionId: second } }), { status: 422, json: { code: 'aws-refused' } }, 'a label is not moved unless its version is named')
    await gateway.send('PUT', `${path}/stages/blue`, { json: { moveToVersionId: second, removeFromVersionId: first } })
    t.same((await stages())[second]?.sort(), ['AWSCURRENT', 'blue'])
    t.equal((await gateway.send('DELETE', `${path}/stages/blue?versionId=${second}`)).status, 200)
    t.match(await gateway.send('GET', `${path}?versionStage=blue`), { status: 404, json: { code: 'version-not-found' } })
  })

  t.test('AWSCURRENT is moved, AWSPREVIOUS follows, and neither is lost', async (t) => {
    t.match(await gateway.send('PUT', `${path}/stages/AWSCURRENT`, { json: { moveToVersionId: first } }), { status: 422, json: { code: 'aws-refused', detail: /RemoveFromVersionId/ } })
    await gateway.send('PUT', `${path}/stages/AWSCURRENT`, { json: { moveToVersionId: first, removeFromVersionId: second } })
    t.same(await stages(), { [first]: ['AWSCURRENT'], [second]: ['AWSPREVIOUS'] })
    t.match(await gateway.send('DELETE', `${path}/stages/AWSCURRENT?versionId=${first}`), { status: 422, json: { detail: /completely removed/ } })
  })

  t.test('a missing secret, version or label', async (t) => {
    t.match(await gateway.send('PUT', `${path}/stages/blue`, { json: { moveToVersionId: randomUUID() } }), { status: 404, json: { code: 'version-not-found' } })
    t.match(await gateway.send('PUT', '/environments/dev/secrets/none/stages/blue', { json: { moveToVersionId: first } }), { status: 404 })
    t.match(await gateway.send('PUT', `${path}/stages/blue`, { json: {} }), { status: 400, json: { errors: [{ pointer: '/moveToVersionId' }] } })
    t.match(await gateway.send('DELETE', `${path}/stages/blue`), { status: 400 })
    t.match(await gateway.send('PUT', `${path}/stages/${'s'.repeat(257)}`, { json: { moveToVersionId: first } }), { status: 400 })
    t.match(await gateway.send('DELETE', `${path}/stages/blue?versionId=${first}`, { token: tokens.reader }), { status: 403 })
  })
})
