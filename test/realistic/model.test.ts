import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Gateway, Reply } from '#test/helper'
import { buildRealistic } from './build.ts'
import { isLinearizable, readsOfThePast, type Operation, type Outcome, type Read, type Request, type State } from './history.ts'

/**
 * The number of runs and the seed. For a longer run: `TEST_MODEL_RUNS=500 TEST_MODEL_SEED=7 node test/realistic/model.test.ts`.
 */
const { TEST_MODEL_RUNS: runs = '5', TEST_MODEL_SEED: seed = '1' } = process.env

const kinds = ['read', 'create', 'put', 'replace', 'move', 'moveCurrent', 'rollBack', 'delete', 'restore'] as const
type Kind = typeof kinds[number]
const weights: Readonly<Record<Kind, number>> =
  { read: 6, create: 1, put: 2, replace: 5, move: 2, moveCurrent: 1, rollBack: 1, delete: 1, restore: 3 }

const action = fc.oneof(...kinds.map((kind) => ({ weight: weights[kind], arbitrary: fc.constant(kind) })))
const callers = fc.array(fc.array(action, { minLength: 4, maxLength: 9 }), { minLength: 3, maxLength: 3 })

const unanswered: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

const outcomeOf = ({ status, json }: Reply): Outcome => {
  if (status < 300) return 'done'
  return unanswered.has(status) ? 'unknown' : String(json.code)
}

/** Carries out the requests of all callers concurrently, and checks the replies. */
async function run (gateway: Gateway, name: string, programs: readonly Kind[][]): Promise<void> {
  const path = `/environments/dev/secrets/${name}`
  const operations: Operation[] = []
  const reads: Read[] = []
  const values = new Map<string, string>()
  let events = 0

  async function caller (number: number, program: readonly Kind[]): Promise<void> {
    /** The current version, and the version with the label `blue`, as far as the caller knows. */
    let current: string | undefined
    let blue: string | undefined

    async function write (request: Request, method: string, suffix: string, options: object = {}): Promise<Reply> {
      const began = ++events
      const reply = await gateway.send(method, path + suffix, options)
      const outcome = outcomeOf(reply)
      operations.push({ ...request, caller: number, began, ended: outcome === 'unknown' ? Infinity : ++events, outcome })
      return reply
    }

    /** Writes a new value. A repetition of the request with the same key would write the same version. */
    async function writeValue (kind: 'create' | 'put' | 'replace', condition: Record<string, string>, expected = ''): Promise<void> {
      const value = randomUUID()
      // The version's ID is only known from the reply, so the value identifies the version until then.
      const reply = await write({ kind, version: value, expected }, 'PUT', '', { json: { value }, headers: condition })
      if (reply.status >= 300) return
      current = reply.json.versionId as string
      values.set(value, current)
    }

    const actions: Readonly<Record<Kind, () => Promise<unknown>>> = {
      async read () {
        const began = ++events
        const reply = await gateway.send('GET', path)
        if (unanswered.has(reply.status)) return
        reads.push({ caller: number, began, ended: ++events, found: reply.json.value ?? reply.json.code })
        current = reply.json.versionId ?? current
      },
      create: async () => writeValue('create', { 'if-none-match': '*' }),
      put: async () => writeValue('put', {}),
      replace: async () => current === undefined ? undefined : writeValue('replace', { 'if-match': `"${current}"` }, current),
      async move () {
        if (current === undefined) return
        const json = { moveToVersionId: current, ...blue !== undefined && { removeFromVersionId: blue } }
        const { status } = await write({ kind: 'move', label: 'blue', version: current, from: blue }, 'PUT', '/stages/blue', { json })
        blue = status < 300 ? current : (await gateway.send('GET', `${path}?versionStage=blue`)).json.versionId
      },
      async moveCurrent () {
        const [version] = [...values.values()]
        if (current === undefined || version === undefined || version === current) return
        const json = { moveToVersionId: version, removeFromVersionId: current }
        const { status } = await write({ kind: 'move', label: 'AWSCURRENT', version, from: current }, 'PUT', '/stages/AWSCURRENT', { json })
        if (status < 300) current = version
      },
      async rollBack () {
        const [version] = [...values.values()]
        if (version === undefined) return
        const { status } = await write({ kind: 'rollBack', version }, 'POST', '/rollback', { json: { versionId: version } })
        if (status < 300) current = version
      },
      delete: async () => write({ kind: 'delete' }, 'DELETE', ''),
      restore: async () => write({ kind: 'restore' }, 'POST', '/restore')
    }
    for (const kind of program) await actions[kind]()
  }

  await Promise.all(programs.map(async (program, number) => caller(number, program)))
  await check(gateway, name, operations, reads, values)
}

/** Checks a history against the secret's final state. */
async function check (
  gateway: Gateway, name: string, operations: readonly Operation[], reads: readonly Read[], values: ReadonlyMap<string, string>
): Promise<void> {
  const aws = gateway.aws('AKIADEV')
  const target = { SecretId: `dev/${name}` }
  const described = await aws.describeSecret(target).catch(() => undefined)
  const existence = described === undefined ? 'absent' : described.DeletedDate === undefined ? 'active' : 'deleted'
  if (existence === 'deleted') await aws.restoreSecret(target)
  const labels: Record<string, string> = {}
  for (const [version, stages] of Object.entries(described?.VersionIdsToStages ?? {})) {
    // The version of a write whose outcome is unknown can only be identified by its value.
    const { SecretString: value = '' } = await aws.getSecretValue({ ...target, VersionId: version })
    for (const stage of stages) if (['AWSCURRENT', 'blue'].includes(stage)) labels[stage] = value
  }
  for (const [value, version] of values) {
    const stored = await aws.getSecretValue({ ...target, VersionId: version })
    if (stored.SecretString !== value) throw new Error(`The confirmed version ${version} has another value`)
  }

  // Versions are identified by their values, which are known even if a reply was lost.
  const valueOf = new Map([...values].map(([value, version]) => [version, value]))
  const named = <T extends string | undefined>(version: T): T => (version === undefined ? version : valueOf.get(version) ?? version) as T
  const history = operations.map((operation): Operation => ({
    ...operation,
    ...'version' in operation && { version: named(operation.version) },
    ...operation.kind === 'replace' && { expected: named(operation.expected) },
    ...operation.kind === 'move' && { from: named(operation.from) }
  }))
  const story = (): string => [...history, ...reads].sort((a, b) => a.began - b.began).map((event) => JSON.stringify(event)).join('\n')
  const last: State = { existence, labels }
  const past = readsOfThePast(history, reads)
  if (past.length > 0) throw new Error(`These reads show the past: ${JSON.stringify(past)}\n${story()}`)
  if (!isLinearizable(history, last)) throw new Error(`No order of these operations ends in ${JSON.stringify(last)}:\n${story()}`)
}

await t.test('several callers: no confirmed write is lost, no read is stale, and every refusal is correct', async (t: Test) => {
  t.comment(`seed ${seed}, ${runs} runs`)
  const gateway = await buildRealistic(t, seed)
  let names = 0
  await fc.assert(fc.asyncProperty(callers, async (programs) => {
    names += 1
    await run(gateway, `model-${names}`, programs)
  }), { numRuns: Number(runs), seed: Number(seed), endOnFailure: true })
  t.ok(names >= Number(runs))
})
