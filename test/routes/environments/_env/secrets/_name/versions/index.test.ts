import t from 'tap'
import { build } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('listVersions', async (t) => {
  const gateway = await build(t)
  const ids: string[] = []
  for (const value of ['v1', 'v2', 'v3']) ids.push((await gateway.send('PUT', path, { json: { value } })).json.versionId)
  const versions = async (query: string): Promise<{ versionId: string, versionStages?: string[] }[]> =>
    (await gateway.send('GET', `${path}/versions${query}`)).json.items

  t.test('returns the versions with a label, and the others on request', async (t) => {
    const labelled = await versions('')
    t.same(new Map(labelled.map(({ versionId, versionStages }) => [versionId, versionStages])), new Map([
      [ids[1], ['AWSPREVIOUS']],
      [ids[2], ['AWSCURRENT']]
    ]))
    t.match(labelled, [{ createdDate: /Z$/, kmsKeyIds: ['DefaultEncryptionKey'] }])
    const all = await versions('?includeDeprecated=true')
    t.equal(all.length, 3)
    t.notOk('versionStages' in (all.find(({ versionId }) => versionId === ids[0]) ?? {}))
  })

  t.test('pages', async (t) => {
    // An outdated reply to a request with a cursor can't be recognized, because the other versions may be on another page.
    gateway.catchUp()
    const { json } = await gateway.send('GET', `${path}/versions?limit=1`)
    t.equal(json.items.length, 1)
    const next = await gateway.send('GET', `${path}/versions?limit=1&cursor=${encodeURIComponent(json.nextCursor)}`)
    t.equal(next.json.items.length, 1)
    t.not(next.json.items[0].versionId, json.items[0].versionId)
    t.notOk('nextCursor' in next.json)
  })

  t.match(await gateway.send('GET', '/environments/dev/secrets/none/versions'), { status: 404, json: { code: 'secret-not-found' } })
})
