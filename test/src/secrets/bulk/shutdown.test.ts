import t, { type Test } from 'tap'
import { build, type Gateway } from '#test/helper'

const path = '/environments/dev/secrets'
const secrets = Array.from({ length: 60 }, (_, index) => ({ name: `n${index}`, value: 'v' }))

/** Starts a gateway that begins to shut down when AWS gets the tenth CreateSecret. */
async function setUp (t: Test): Promise<{ gateway: Gateway, made: () => Promise<string[]>, ended: () => Promise<unknown> }> {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  let closing: Promise<unknown> | undefined
  let creations = 0
  gateway.awsCalls.push = (operation) => {
    if (operation === 'CreateSecret' && ++creations === 10) closing = gateway.fastify.close()
    return creations
  }
  return {
    gateway,
    made: async () => ((await aws.listSecrets({ MaxResults: 100 })).SecretList ?? []).map(({ Name = '' }) => Name).sort(),
    ended: async () => {
      gateway.fastify.server.closeIdleConnections()
      await closing
    }
  }
}

const namesOf = (items: readonly { name: string, result: string }[], result: string): string[] =>
  items.filter((item) => item.result === result).map(({ name }) => `dev/${name}`).sort()

t.test('a bulk create starts no further secret once the gateway shuts down, and reports exactly what was done', async (t) => {
  const { gateway, made, ended } = await setUp(t)
  const { status, json } = await gateway.send('POST', path, { json: { secrets } })
  await ended()
  t.equal(status, 200)
  t.equal(json.stopped, 'shutdown')
  const { created, notStarted } = json.counts as { created: number, notStarted: number }
  t.ok(created >= 10 && notStarted > 0)
  t.equal(created + notStarted, 60)
  t.same(await made(), namesOf(json.items, 'created'))
})

t.test('an atomic bulk create is rolled back when the gateway shuts down', async (t) => {
  const { gateway, made, ended } = await setUp(t)
  const { status, json } = await gateway.send('POST', path, { json: { secrets, atomic: true } })
  await ended()
  t.match([status, json.code, json.stopped], [409, 'not-all-done', 'shutdown'])
  const { rolledBack, notStarted } = json.counts as { rolledBack: number, notStarted: number }
  t.ok(rolledBack >= 10 && notStarted > 0)
  t.equal(rolledBack + notStarted, 60)
  t.same(await made(), [])
})

for (const atomic of [false, true]) {
  t.test(`a streamed ${atomic ? 'atomic ' : ''}bulk create ends with its summary when the gateway shuts down`, async (t) => {
    const { gateway, made, ended } = await setUp(t)
    const { text } = await gateway.send('POST', path, { json: { secrets, atomic }, headers: { accept: 'application/x-ndjson' } })
    await ended()
    const lines = text.trim().split('\n').map((line) => JSON.parse(line) as { name: string, result: string, summary?: { stopped?: string, counts: Record<string, number> } })
    const summary = lines.at(-1)?.summary
    t.equal(summary?.stopped, 'shutdown')
    t.equal(summary?.counts[atomic ? 'rolledBack' : 'created'] ?? 0, namesOf(lines, atomic ? 'rolled-back' : 'created').length)
    t.same(await made(), namesOf(lines, 'created'))
    t.equal(lines.filter((line) => 'name' in line).length, 60, 'every secret has a result')
  })
}
