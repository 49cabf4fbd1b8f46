import { getHeapSpaceStatistics } from 'node:v8'
import t from 'tap'
import { releaseMemory } from '#src/engine'

/** Returns the size of V8's young generation in memory, in bytes. */
const youngGeneration = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.physical_space_size ?? 0

t.test('the young generation, which grows while much is loaded, is reduced', async (t) => {
  const kept: object[] = []
  for (let index = 0; index < 500_000; index++) kept.push({ index })
  const grown = youngGeneration()
  t.ok(grown > 4 * 1024 * 1024, `it has ${grown} bytes`)
  releaseMemory()
  t.ok(youngGeneration() < grown / 4, `it has ${youngGeneration()} bytes`)
  t.equal(kept.length, 500_000, 'what is in use stays')
})
