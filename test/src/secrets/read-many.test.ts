import t from 'tap'
import { readNamed } from '#src/secrets/read-many'
import type { Scope } from '#src/secrets/scope'
import { countIterations } from '#test/iterations'

t.test('other work gets a turn between any two names, in each part of the work', async (t) => {
  const scope = { environment: { name: 'dev', namePrefix: '' }, may: () => false } as unknown as Scope
  const names = Array.from({ length: 100 }, (_, index) => `forbidden/${index}`)
  const iterations = countIterations(t)
  const results = await readNamed(scope, names)
  t.same(results.map(({ name }) => name), names)
  const parts = ['names', 'decisions', 'results']
  t.ok(iterations() >= parts.length * 99, String(iterations()))
})
