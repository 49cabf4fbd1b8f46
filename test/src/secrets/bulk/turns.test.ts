import t from 'tap'
import { environmentFrom } from '#src/environments/environment'
import { bulkRun, prepareBulk } from '#src/secrets/bulk/run'
import type { Scope } from '#src/secrets/scope'
import { countIterations } from '#test/iterations'

const names = Array.from({ length: 100 }, (_, index) => `name-${index}`)
const scope = { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'ci' }), may: () => false } as unknown as Scope

t.test('other work gets a turn between any two items while they are checked', async (t) => {
  const iterations = countIterations(t)
  await prepareBulk(scope, { secretNames: names })
  t.ok(iterations() >= 99, String(iterations()))
})

for (const atomic of [false, true]) {
  t.test(`other work gets a turn between any two items that are refused without a call to AWS, if atomic is ${atomic}`, async (t) => {
    const { plan } = await prepareBulk(scope, { secretNames: names, atomic, settings: { concurrency: 1 } })
    const iterations = countIterations(t)
    const refused: string[] = []
    await bulkRun(scope, plan()).run({
      signal: new AbortController().signal, progress: () => undefined, settled: ({ name }) => { refused.push(name) }
    })
    t.same(refused, names)
    t.ok(iterations() >= 99, String(iterations()))
  })
}
