import t from 'tap'
import { environmentFrom } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import { bulkRun, type BulkControl, type BulkSummary } from '#src/secrets/bulk/run'
import { bulkResults } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'

const options = {
  onConflict: 'fail', restore: false, dryRun: false, atomic: false, failOnError: false, concurrency: 2, timeoutSeconds: 60
} as const

const items = ['a', 'b', 'c'].map((name) => ({ name: name as SecretName }))

/** Runs a bulk create with a port that only records the calls. */
async function run (
  control: Partial<BulkControl>, change: Partial<typeof options | { atomic: true }> = {}
): Promise<{ summary: BulkSummary, outcomes: BulkOutcome[], sent: string[], intents: number, taken: (boolean | undefined)[], keys: Record<string, string | undefined> }> {
  const sent: string[] = []
  const outcomes: BulkOutcome[] = []
  const taken: (boolean | undefined)[] = []
  const created = new Set<string>()
  const keys: Record<string, string | undefined> = {}
  let intents = 0
  const send = (operation: string) => async (call: Scope, name: string): Promise<object> => {
    await call.beforeSending?.()
    taken.push(call.isTakenOver?.())
    sent.push(`${operation} ${name}`)
    if (operation === 'CreateSecret') keys[name] = call.idempotencyKey
    if (operation === 'DescribeSecret' && !created.has(name)) throw new Problem('secret-not-found')
    if (operation === 'CreateSecret' && name === 'c') throw new Problem('kms-failure')
    if (operation === 'CreateSecret') created.add(name)
    return { name, arn: `arn:${name}`, versionId: 'i', versions: { i: ['AWSCURRENT'] } }
  }
  const scope = {
    environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'ci' }),
    credentialId: 'ci',
    callerId: 'c',
    aws: { createSecret: send('CreateSecret'), deleteSecret: send('DeleteSecret'), describeSecret: send('DescribeSecret') },
    beforeSending: async () => { intents += 1 },
    may: () => true,
    mayFound: () => true,
    counterparts: () => []
  } as unknown as Scope
  const summary = await bulkRun(scope, { options: { ...options, ...change }, items }).run({
    signal: new AbortController().signal,
    progress: () => undefined,
    settled: (outcome) => { outcomes.push(outcome) },
    ...control
  })
  return { summary, outcomes, sent, intents, taken, keys }
}

t.test('each call to AWS is made only while this process owns the run', async (t) => {
  let isOwner = true
  const ownership = {
    isCertain: () => isOwner,
    confirm: async () => { if (!isOwner) throw new Problem('shared-state-unavailable') }
  }
  const owner = await run({ ownership })
  t.same(owner.sent.sort(), ['CreateSecret a', 'CreateSecret b', 'CreateSecret c'])
  t.match({ intents: owner.intents, taken: owner.taken }, { intents: 3, taken: [false, false, false] })

  isOwner = false
  const other = await run({ ownership, claim: async () => true })
  t.same(other.sent, [])
  t.match(other.outcomes, [{ result: 'failed', problem: { code: 'shared-state-unavailable' } }, {}, {}])

  for (const stays of [true, false]) {
    isOwner = true
    const { sent, summary } = await run({ ownership, progress: (done) => { isOwner = stays || done < 3 } }, { atomic: true })
    t.equal(sent.filter((call) => call.startsWith('CreateSecret')).length, 3)
    t.equal(sent.filter((call) => call.startsWith('DeleteSecret')).length, stays ? 2 : 0, 'only the owner takes back what was made')
    t.equal(summary.status, 409)
  }
  t.match((await run({})).taken, [undefined, undefined, undefined], 'a run that only this process knows has no owner')
})

t.test('a run that is continued after its time limit starts nothing', async (t) => {
  for (const elapsed of [60_000, 1e12]) {
    const { sent, summary } = await run({ resumed: { counts: zeroCounts(bulkResults), begun: new Set([1]), elapsed } })
    t.same(sent, [])
    t.match(summary, { stopped: 'timeout', counts: { notStarted: 3 } })
  }
})

t.test('of a run that is continued, only what another process has begun is sent as its repetition', async (t) => {
  const { keys } = await run({ versionKey: 'job', resumed: { counts: zeroCounts(bulkResults), begun: new Set([1]), elapsed: 0 } })
  t.same(keys, { a: undefined, b: 'job', c: undefined })
})
