import t from 'tap'
import { unrecordedDecisions } from '#src/request/decisions'
import { secretEntries } from '#src/request/secret-entries'
import { countIterations } from '#test/iterations'

t.test('the names in a record are limited in length, and stay in order', async (t) => {
  const outcomes = Array.from({ length: 1_000 }, (_, index) => ({ name: 'n'.repeat(100) + String(index), versionId: `v${index}` }))
  const entries = await secretEntries({ environment: 'dev', action: 'GetSecretValue' }, outcomes, unrecordedDecisions())
  t.equal(entries.length, 4)
  t.same(entries.flatMap(({ names = [] }) => names), outcomes.map(({ name }) => name))
  t.same(entries.flatMap(({ versionIds = [] }) => versionIds), outcomes.map(({ versionId }) => versionId))
  for (const { names = [], versionIds = [] } of entries) t.equal(names.length, versionIds.length)
})

t.test('a record ends with the name that fills it', async (t) => {
  for (const [length, records] of [[32 * 1024 - 1, 1], [32 * 1024, 2]] as const) {
    t.equal((await secretEntries({}, [{ name: 'n'.repeat(length) }, { name: 'a' }], unrecordedDecisions())).length, records, `${length} characters`)
  }
})

t.test('other work gets a turn between any two secrets, if they take long', async (t) => {
  const iterations = countIterations(t)
  await secretEntries({}, Array.from({ length: 100 }, (_, index) => ({ name: `name-${index}` })), unrecordedDecisions())
  t.ok(iterations() >= 99, String(iterations()))
})
