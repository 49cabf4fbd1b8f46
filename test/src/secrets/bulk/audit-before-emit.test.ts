import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { auditBeforeEmit } from '#src/secrets/bulk/audit-before-emit'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import type { BulkRun } from '#src/secrets/bulk/run'

const outcome = (name: string): BulkOutcome => ({ name, result: 'created' }) as unknown as BulkOutcome

/** Returns a bulk run with 100 secrets, which ends early if it is aborted. `started` lists the secrets it has begun with. */
function fakeRun (): { bulk: BulkRun, started: string[] } {
  const started: string[] = []
  return {
    started,
    bulk: {
      total: 100,
      dryRun: false,
      plan: () => { throw new Error('not used') },
      async run ({ signal, settled }) {
        for (let index = 0; index < 100 && !signal.aborted; index++) {
          started.push(`s${index}`)
          settled(outcome(`s${index}`), index)
          await setImmediate()
        }
        return { dryRun: false, counts: {}, status: 200 } as unknown as Awaited<ReturnType<BulkRun['run']>>
      }
    }
  }
}

const never = new AbortController().signal
const progress = (): void => undefined

t.test('each outcome is audited before it is emitted', async (t) => {
  const { bulk } = fakeRun()
  const events: string[] = []
  await auditBeforeEmit(bulk, async (outcomes) => {
    await setImmediate()
    events.push(...outcomes.map(({ name }) => `audited ${name}`))
  }).run({ signal: never, progress, settled: ({ name }, index) => { events.push(`emitted ${name} ${index}`) } })
  t.equal(events.length, 200)
  for (let index = 0; index < 100; index++) t.ok(events.indexOf(`audited s${index}`) < events.indexOf(`emitted s${index} ${index}`), `s${index}`)
})

t.test('a failed audit aborts the run, and its outcomes are not emitted', async (t) => {
  const { bulk, started } = fakeRun()
  const emitted: string[] = []
  const audit = async (outcomes: readonly BulkOutcome[]): Promise<void> => {
    if (outcomes.some(({ name }) => name === 's5')) throw new Error('the trail is full')
  }
  await t.rejects(auditBeforeEmit(bulk, audit).run({ signal: never, progress, settled: ({ name }) => { emitted.push(name) } }), { message: 'the trail is full' })
  t.ok(started.length < 50, `${started.length} secrets were started`)
  t.same(emitted, ['s0', 's1', 's2', 's3', 's4'])
})

t.test('the caller can abort the run, too', async (t) => {
  const { bulk, started } = fakeRun()
  const stop = new AbortController()
  await auditBeforeEmit(bulk, async () => undefined).run({ signal: stop.signal, progress, settled: (_, index) => { if (index === 5) stop.abort() } })
  t.ok(started.length < 50, `${started.length} secrets were started`)
})
