import t from 'tap'
import type { Cursors } from '#src/secrets/cursors'
import type { Scope } from '#src/secrets/scope'
import { readNamed } from '#src/secrets/value-pages'
import { countIterations } from '#test/iterations'

t.test('other work gets a turn between any two names, in each part of the work', async (t) => {
  const scope = { environment: { name: 'dev', namePrefix: '' }, may: () => false } as unknown as Scope
  const context = { cursors: {} as Cursors, reserve: () => ({ shrinkTo: () => undefined, release: () => undefined }) }
  const names = Array.from({ length: 100 }, (_, index) => `forbidden/${index}`)
  const iterations = countIterations(t)
  const { results } = await readNamed(scope, context, { names })
  t.same(results.map(({ name }) => name), names)
  const parts = ['names', 'decisions']
  // Names are processed in groups. There is no turn at the end of a group, so there are slightly fewer turns than names.
  t.ok(iterations() >= parts.length * 98, String(iterations()))
})

t.test('a page ends with the group of values with which it has 4 MiB', async (t) => {
  // Values are read in groups of 80, so the first group of the second page is the last of all.
  const names = Array.from({ length: 160 }, (_, index) => `name/${index}`)
  const context = { cursors: { seal: () => 'next' } as unknown as Cursors, reserve: () => ({ shrinkTo: () => undefined, release: () => undefined }) }
  for (const [bytes, expected] of [[4 * 1024 * 1024 - 1, 160], [4 * 1024 * 1024, 80]] as const) {
    const lengthOf = (name: string): number => name === 'name/0' ? bytes - 79 * 50_000 : 50_000
    const batchGetSecretValue = async (_: unknown, batch: { names: readonly string[] }): Promise<unknown> =>
      Promise.resolve({ items: batch.names.map((name) => ({ name, secret: { content: 'v'.repeat(lengthOf(name)) } })) })
    const scope = { environment: { name: 'dev', namePrefix: '' }, may: () => true, aws: { batchGetSecretValue } } as unknown as Scope
    t.equal((await readNamed(scope, context, { names })).results.length, expected, `${bytes} bytes`)
  }
})

t.test('other work gets a turn between any two groups of values from the cache', async (t) => {
  const names = Array.from({ length: 960 }, (_, index) => `name/${index}`)
  const context = { cursors: {} as Cursors, reserve: () => ({ shrinkTo: () => undefined, release: () => undefined }) }
  let time = 0
  const getSecretValue = async (): Promise<unknown> => {
    time += 1
    return Promise.resolve({ content: 'v' })
  }
  const scope = { environment: { name: 'dev', namePrefix: '' }, may: () => true, aws: { getSecretValue }, caching: {} } as unknown as Scope
  // Only the reads take time, so the names and the decisions need no turns.
  const iterations = countIterations(t, () => time)
  t.equal((await readNamed(scope, context, { names })).results.length, names.length)
  t.ok(iterations() >= 960 / 80 - 1, String(iterations()))
})
