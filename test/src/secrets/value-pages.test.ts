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
