import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { VersionSelector } from '#src/aws/port'
import { Problem } from '#src/problems/problem'
import { cacheScene, nameOf, outage, type CacheScene, type Outcome } from '#test/cache'
import { passTime } from '#test/clock'

/** The state of a secret in AWS. */
interface State {
  readonly existence: 'absent' | 'active' | 'deleted'
  /** The content of each version, by its ID. A deleted and recreated secret can have other contents under the same IDs. */
  readonly contents: Readonly<Record<string, string>>
  /** The version of each label. */
  readonly labels: Readonly<Record<string, string>>
}

/** A state, and the time at which the secret entered it. */
interface Snapshot {
  readonly since: number
  readonly state: State
}

type Action =
  | { kind: 'read', by: 'current' | 'previous' | 'label' | 'first', refresh: boolean }
  | { kind: 'put' | 'delete' | 'restore' | 'label', elsewhere: boolean }
  | { kind: 'recreate', elsewhere: boolean }
  | { kind: 'deny' | 'allow' | 'fail' }
  | { kind: 'pass', milliseconds: number }
  | { kind: 'sweep' | 'clear' }

const elsewhere = fc.boolean()
const reading: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('read' as const),
  by: fc.constantFrom('current' as const, 'previous' as const, 'label' as const, 'first' as const),
  refresh: fc.integer({ min: 0, max: 7 }).map((number) => number === 0)
})
const others: fc.Arbitrary<Action>[] = [
  fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const, 'restore' as const, 'label' as const), elsewhere }),
  fc.record({ kind: fc.constant('recreate' as const), elsewhere }),
  fc.record({ kind: fc.constantFrom('deny' as const, 'allow' as const, 'fail' as const) }),
  fc.record({ kind: fc.constant('pass' as const), milliseconds: fc.constantFrom(900, 4_500, 11_000, 120_000, 230_000, 301_000, 2_000_000) }),
  fc.record({ kind: fc.constantFrom('sweep' as const, 'clear' as const) })
]
const action = fc.oneof({ weight: 10, arbitrary: reading }, ...others.map((arbitrary) => ({ weight: 2, arbitrary })))

const firstId = '1'.repeat(32)
const selectors: Readonly<Record<'current' | 'previous' | 'label' | 'first', VersionSelector>> = {
  current: {},
  previous: { versionStage: 'AWSPREVIOUS' },
  label: { versionStage: 'mine' },
  first: { versionId: firstId }
}

/** Returns AWS's answer to a read, as a string that can be compared. */
function answerOf ({ existence, contents, labels }: State, { versionId, versionStage = 'AWSCURRENT' }: VersionSelector): string {
  if (existence === 'absent') return 'secret-not-found'
  if (existence === 'deleted') return 'secret-pending-deletion'
  const id = versionId ?? labels[versionStage] ?? ''
  const content = contents[id]
  if (content === undefined) return 'version-not-found'
  const stages = Object.keys(labels).filter((label) => labels[label] === id)
  return JSON.stringify([id, content, stages.sort()])
}

const textOf = ({ secret, problem }: Outcome): string => secret === undefined
  ? problem?.code ?? ''
  : JSON.stringify([secret.versionId, secret.content, [...secret.versionStages].sort()])

const absences: ReadonlySet<string> = new Set(['secret-not-found', 'version-not-found'])

/** Carries out the actions on a cache and its backend, and compares each read with a plain model of what it may return. */
async function run (scene: CacheScene, name: string, staleIfError: number, steps: readonly Action[]): Promise<void> {
  const { cache, call, gateway, read, plan, passes, now, settles, times } = scene
  const aws = gateway.aws('AKIADEV')
  const target = { SecretId: `dev/${name}` }
  const secretName = nameOf(name)
  const history: Snapshot[] = [{ since: -Infinity, state: { existence: 'absent', contents: {}, labels: {} } }]
  const current = (): State => history.at(-1)?.state ?? { existence: 'absent', contents: {}, labels: {} }
  /** Answers from before this time must not be returned, because the cache has dropped them after a write or a refusal by AWS. */
  let notBefore = -Infinity
  let mode: 'allow' | 'deny' | 'fail' = 'allow'
  let count = 0
  times.staleIfError = staleIfError
  cache.clear(1_048_576)

  /** Returns the answers that AWS would have given at some time within the last `milliseconds`, but not before `notBefore`. */
  const rightWithin = (selector: VersionSelector, milliseconds: number): Set<string> => {
    const oldest = Math.max(notBefore, now() - milliseconds)
    return new Set(history.filter((_, index) => (history[index + 1]?.since ?? Infinity) > oldest).map(({ state }) => answerOf(state, selector)))
  }

  async function put (isElsewhere: boolean, versionId: string, content: string): Promise<void> {
    if (isElsewhere) await aws.putSecretValue({ ...target, SecretString: content, ClientRequestToken: versionId })
    else await cache.port.putSecretValue(call, secretName, content, { versionId })
  }

  async function create (isElsewhere: boolean, content: string): Promise<State> {
    if (isElsewhere) await aws.createSecret({ Name: target.SecretId, SecretString: content, ClientRequestToken: firstId })
    else await cache.port.createSecret(call, secretName, { content, versionId: firstId, tags: {}, replicaRegions: [] })
    return { existence: 'active', contents: { [firstId]: content }, labels: { AWSCURRENT: firstId } }
  }

  /** Carries out a write. Returns the new state, or undefined if the write is not possible in the current one. */
  async function write (kind: string, isElsewhere: boolean): Promise<State | undefined> {
    const { existence, contents, labels } = current()
    count += 1
    const content = `value ${count}`
    const { AWSCURRENT = '', mine } = labels
    if (existence === 'absent') return kind === 'put' || kind === 'recreate' ? create(isElsewhere, content) : undefined
    if (kind === 'recreate') {
      if (isElsewhere) await aws.deleteSecret({ ...target, ForceDeleteWithoutRecovery: true })
      else await cache.port.deleteSecret(call, secretName, { force: true })
      return create(isElsewhere, content)
    }
    if (kind === 'restore') {
      if (existence !== 'deleted') return undefined
      if (isElsewhere) await aws.restoreSecret(target)
      else await cache.port.restoreSecret(call, secretName)
      return { existence: 'active', contents, labels }
    }
    if (existence === 'deleted') return undefined
    if (kind === 'delete') {
      if (isElsewhere) await aws.deleteSecret(target)
      else await cache.port.deleteSecret(call, secretName, { recoveryWindowInDays: 30 })
      return { existence: 'deleted', contents, labels }
    }
    if (kind === 'label') {
      if (mine === AWSCURRENT) return undefined
      const move = { moveToVersionId: AWSCURRENT, ...mine !== undefined && { removeFromVersionId: mine } }
      if (isElsewhere) {
        await aws.updateSecretVersionStage({
          ...target, VersionStage: 'mine', MoveToVersionId: AWSCURRENT, ...mine !== undefined && { RemoveFromVersionId: mine }
        })
      } else await cache.port.updateSecretVersionStage(call, secretName, 'mine', move)
      return { existence, contents, labels: { ...labels, mine: AWSCURRENT } }
    }
    const versionId = randomUUID()
    await put(isElsewhere, versionId, content)
    return { existence, contents: { ...contents, [versionId]: content }, labels: { ...labels, AWSPREVIOUS: AWSCURRENT, AWSCURRENT: versionId } }
  }

  async function check (selector: VersionSelector, refresh: boolean): Promise<void> {
    const outcome = await read({ name, selector, ...refresh && { maximumAge: 0 } })
    const { forwarded, problem, age = 0 } = outcome.status ?? {}
    const found = textOf(outcome)
    const wasAsked = forwarded !== undefined
    const denial = { allow: '', deny: 'aws-access-denied', fail: 'aws-unavailable' }[mode]
    const allowed = problem !== undefined
      ? rightWithin(selector, times.ttl + staleIfError)
      : !wasAsked ? rightWithin(selector, absences.has(found) ? 5_000 : times.ttl)
          : new Set([denial === '' ? answerOf(current(), selector) : denial])
    const isStaleAllowed = problem === undefined || (mode === 'fail' && !refresh && !absences.has(found) && age >= times.ttl) ||
      (!wasAsked && !absences.has(found))
    if (!allowed.has(found) || !isStaleAllowed || (refresh && !wasAsked)) {
      throw new Error(`${found} is none of ${[...allowed].join(' ')} (${JSON.stringify({ selector, refresh, mode, status: outcome.status })})`)
    }
    // After AWS has refused a read, none of the earlier answers may be returned.
    const refusals = ['secret-not-found', 'secret-pending-deletion', 'aws-access-denied']
    if (wasAsked && refusals.includes(found)) notBefore = now()
  }

  for (const step of steps) {
    passes(1)
    if (step.kind === 'read') await check(selectors[step.by], step.refresh)
    else if (step.kind === 'pass') passes(step.milliseconds)
    else if (step.kind === 'sweep') cache.sweep()
    else if (step.kind === 'clear') cache.clear(1_048_576)
    else if ('elsewhere' in step) {
      const state = await write(step.kind, step.elsewhere)
      if (state !== undefined) history.push({ since: now(), state })
      if (state !== undefined && !step.elsewhere) notBefore = now()
      // Lets the gateway's own writes become old. Otherwise the gateway would consider replies that show this write outdated.
      if (step.elsewhere) passTime(3_000)
    } else {
      mode = step.kind
      plan(async () => {
        if (mode === 'deny') throw new Problem('aws-access-denied')
        if (mode === 'fail') throw outage()
      })
    }
    // A renewal may be in progress.
    await settles()
  }
  plan(() => undefined)
}

t.test('a read returns only what was true in AWS within the agreed time, whatever happens', async (t) => {
  const scene = await cacheScene(t)
  let names = 0
  const property = fc.asyncProperty(
    fc.constantFrom(0, 3_600_000), fc.array(action, { minLength: 10, maxLength: 40 }),
    async (staleIfError, steps) => {
      names += 1
      scene.plan(() => undefined)
      await run(scene, `model-${names}`, staleIfError, [{ kind: 'put', elsewhere: true }, ...steps])
    }
  )
  await fc.assert(property, { numRuns: 60 })
  t.ok(names >= 60)
})
