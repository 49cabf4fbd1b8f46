import t from 'tap'
import { keptDecisions } from '#src/request/decisions'
import { secretEntries } from '#src/request/secret-entries'

t.test('the names in a record are limited in length, and stay in order', async (t) => {
  const outcomes = Array.from({ length: 1_000 }, (_, index) => ({ name: 'n'.repeat(100) + String(index), versionId: `v${index}` }))
  const entries = secretEntries({ environment: 'dev', action: 'GetSecretValue' }, outcomes, keptDecisions())
  t.equal(entries.length, 4)
  t.same(entries.flatMap(({ names = [] }) => names), outcomes.map(({ name }) => name))
  t.same(entries.flatMap(({ versionIds = [] }) => versionIds), outcomes.map(({ versionId }) => versionId))
  for (const { names = [], versionIds = [] } of entries) t.equal(names.length, versionIds.length)
})
