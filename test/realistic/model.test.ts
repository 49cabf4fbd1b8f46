import fc from 'fast-check'
import t, { type Test } from 'tap'
import { policies, type Gateway } from '#test/helper'
import { buildRealistic } from './build.ts'
import { createCaller, newRecording, programs, type Kind, type Recording } from './callers.ts'
import { isLinearizable, staleReadsOfOwnWrites, staleReads, type Operation, type Read, type State } from './history.ts'

/**
 * The number of runs and the seed. For a longer run: `TEST_MODEL_RUNS=500 TEST_MODEL_SEED=7 node test/realistic/model.test.ts`.
 */
const { TEST_MODEL_RUNS: runs = '5', TEST_MODEL_SEED: seed = '1' } = process.env

type Replicas = readonly [Gateway, ...Gateway[]]

const authorization = policies('@id("everything") permit (principal, action, resource);')

/** Carries out the programs concurrently, each by its own caller. The callers are spread over the replicas. */
async function runPrograms (replicas: Replicas, name: string, all: readonly Kind[][]): Promise<Recording> {
  const recording = newRecording()
  await Promise.all(all.map(async (program, number) => {
    const replica = replicas[number % replicas.length] ?? replicas[0]
    // All replicas have the same clock.
    const caller = { ...createCaller(replica, name, number, recording), wait: async () => { for (const { catchUp } of replicas) catchUp() } }
    for (const kind of program) await caller[kind]()
  }))
  for (const { catchUp } of replicas) catchUp()
  return recording
}

/** Returns the state of a secret in AWS. Versions are identified by their values, of which only those in `values` are known. */
async function stateOf ({ aws: clientFor }: Gateway, name: string, values: Recording['values']): Promise<State> {
  const aws = clientFor('AKIADEV')
  const target = { SecretId: `dev/${name}` }
  const described = await aws.describeSecret(target).catch(unlessMissing)
  if (described === undefined) return { existence: 'absent', labels: {}, versions: [] }
  const existence = described.DeletedDate === undefined ? 'active' : 'deleted'
  if (existence === 'deleted') await aws.restoreSecret(target)
  const valueOf = async (VersionId: string): Promise<string | undefined> =>
    (await aws.getSecretValue({ ...target, VersionId }).catch(unlessMissing))?.SecretString
  const labels: Record<string, string> = {}
  for (const [versionId, stages] of Object.entries(described.VersionIdsToStages ?? {})) {
    for (const stage of stages) if (['AWSCURRENT', 'blue'].includes(stage)) labels[stage] = await valueOf(versionId) ?? ''
  }
  const versions: string[] = []
  for (const [versionId, value] of values) {
    const stored = await valueOf(versionId)
    if (stored !== undefined && stored !== value) throw new Error(`The version ${versionId} has another value`)
    if (stored !== undefined) versions.push(value)
  }
  return { existence, labels, versions }
}

function unlessMissing (error: Error): undefined {
  if (error.name !== 'ResourceNotFoundException') throw error
  return undefined
}

interface History {
  operations: Operation[]
  reads: Read[]
}

/** Returns the history with the versions identified by their values, which are known even if a reply was lost. */
function identified ({ operations, reads, values }: Recording): History {
  const named = <T extends string | undefined>(version: T): T => (version === undefined ? version : values.get(version) ?? version) as T
  const isUnknown = (found: string): boolean => /^[0-9a-f-]{36}$/.test(found)
  return {
    operations: operations.map((operation): Operation => ({
      ...operation,
      ...'version' in operation && { version: named(operation.version) },
      ...operation.kind === 'replace' && { expected: named(operation.expected) },
      ...operation.kind === 'move' && { from: named(operation.from) }
    })),
    reads: reads.map((read) => ({ ...read, found: named(read.found) })).filter(({ found }) => !isUnknown(found))
  }
}

/** Fails if the history is not possible. The error then shows the whole history. */
function check ({ operations, reads }: History, stale: readonly Read[], last: State): void {
  const listed = (): string => [...operations, ...reads].sort((a, b) => a.began - b.began).map((event) => JSON.stringify(event)).join('\n')
  if (stale.length > 0) throw new Error(`These reads are stale: ${JSON.stringify(stale)}\n${listed()}`)
  if (!isLinearizable(operations, last)) throw new Error(`No order of these operations ends in ${JSON.stringify(last)}:\n${listed()}`)
}

/** Runs programs that fast-check generates, and checks the history and the final state of each. */
async function explore (replicas: Replicas, checked: (history: History, last: State) => void): Promise<number> {
  let names = 0
  await fc.assert(fc.asyncProperty(programs, async (all) => {
    const name = `model-${++names}`
    const recording = await runPrograms(replicas, name, all)
    checked(identified(recording), await stateOf(replicas[0], name, recording.values))
  }), { numRuns: Number(runs), seed: Number(seed), endOnFailure: true })
  return names
}

await t.test('several callers: no confirmed write is lost, no read is stale, and every refusal is correct', async (t: Test) => {
  t.comment(`seed ${seed}, ${runs} runs`)
  const gateway = await buildRealistic(t, seed, { authorization })
  const count = await explore([gateway], (history, last) => { check(history, staleReads(history.operations, history.reads), last) })
  t.ok(count >= Number(runs))
})

/** A replica may not see another replica's write yet, and may then refuse a valid request. */
await t.test('several replicas: no confirmed write is lost, and every caller sees its own writes', async (t: Test) => {
  const gateway = await buildRealistic(t, seed, { authorization })
  const { endpoint = '' } = gateway.fastify.config.current.aws
  const replicas: Replicas = [gateway, await buildRealistic(t, seed, { authorization, aws: { endpoint } })]
  const count = await explore(replicas, ({ operations, reads }, last) => {
    const effective = operations.filter(({ outcome }) => outcome === 'done' || outcome === 'unknown')
    check({ operations: effective, reads }, staleReadsOfOwnWrites(effective, reads), last)
  })
  t.ok(count >= Number(runs))
})
