import { randomUUID } from 'node:crypto'
import { compact } from '#src/json/compact'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import type { BulkItem } from '#src/secrets/bulk/items'
import type { BulkOptions, BulkPlan, BulkSummary } from '#src/secrets/bulk/run'
import { bulkResults } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Shared } from '#src/shared/shared'
import { secondsLeft, type Job, type Settled } from '#src/jobs/job'
import { countsIn, listOf, pairs, stateOf, texts } from './fields.ts'
import * as scripts from './scripts.ts'
import {
  lease, type Answer, type CountedResult, type Ending, type JobOrigin, type JobStore, type Left, type Owned, type Started
} from './store-port.ts'
import { createVault } from './vault.ts'

/** How long a job that nobody continues is kept, in milliseconds. */
const lifetime = 24 * 60 * 60 * 1_000

/** The number of items in one part of a plan, and of results that are read at once. Both are limited to keep commands short. */
const page = 250

/** What a job is. It is stored encrypted. */
interface About extends JobOrigin {
  readonly options: BulkOptions
}

const answers: readonly Answer[] = ['lost', 'owned', 'cancelled']

/** Creates the store of jobs in the shared state. @param key the key of the fleet */
export function createJobStore (
  shared: Pick<Shared, 'run' | 'send' | 'key' | 'hidden' | 'replicaId'>, key: Uint8Array
): JobStore {
  const base = shared.key('jobs')
  const vault = createVault(key)
  const run = async (script: (typeof scripts)[keyof typeof scripts], ...args: readonly (string | number)[]): Promise<unknown> =>
    shared.run(script, [base], args)
  const answer = async (...question: Parameters<typeof run>): Promise<Answer> => answers[Number(await run(...question))] ?? 'lost'
  const hiddenCaller = (callerId: string): string => shared.hidden('jobs of a caller', callerId)
  const keyName = (callerId: string, environment: string, idempotencyKey: string): string =>
    shared.hidden('job of a key', JSON.stringify([callerId, environment, idempotencyKey]))
  const openAbout = (id: string, text: string): About => vault.open(id, 'about', text) as About

  async function writePlan (id: string, items: readonly BulkItem[]): Promise<void> {
    const name = `${base}:${id}:plan`
    for (let from = 0; from < items.length; from += page) {
      await shared.send(['RPUSH', name, vault.close(id, `plan ${from / page}`, items.slice(from, from + page))])
      await shared.send(['PEXPIRE', name, String(lifetime)])
    }
  }

  async function readPlan (id: string): Promise<BulkItem[]> {
    const items: BulkItem[] = []
    for (let part = 0; ; part++) {
      const text = await shared.send(['LINDEX', `${base}:${id}:plan`, String(part)])
      if (typeof text !== 'string') return items
      for (const item of vault.open(id, `plan ${part}`, text) as BulkItem[]) items.push(item)
    }
  }

  /** Returns what has been done of a job, and what it is. */
  async function progress (id: string): Promise<Pick<Left, 'resumed' | 'done'> & { about: About }> {
    const [time, found, marks] = listOf(await run(scripts.progress, id))
    const [fields, items] = [pairs(found), pairs(marks)]
    const having = (mark: string): Set<number> =>
      new Set([...items].flatMap(([index, found]) => found === mark ? [Number(index)] : []))
    return {
      about: openAbout(id, fields.get('about') ?? ''),
      resumed: { counts: countsIn(fields), begun: having('b'), elapsed: Number(time) - Number(fields.get('createdAt')) },
      done: having('d')
    }
  }

  async function read (callerId: string, id: string): Promise<Job | undefined> {
    const [time, found] = listOf(await run(scripts.read, id, hiddenCaller(callerId)))
    const fields = pairs(found)
    return fields.size === 0 ? undefined : jobFrom(id, fields, Number(time))
  }

  return {
    async start (origin: JobOrigin, { options, items }: BulkPlan): Promise<Started> {
      const id = randomUUID()
      const { caller: { id: callerId }, environment, idempotencyKey } = origin
      const name = idempotencyKey === undefined || options.dryRun ? '' : keyName(callerId, environment, idempotencyKey)
      await writePlan(id, items)
      const about = vault.close(id, 'about', { ...origin, options } satisfies About)
      const [found = '', token, time] = texts(await run(
        scripts.start, id, hiddenCaller(callerId), name, about, items.length, shared.replicaId, lease, lifetime
      ))
      if (found === id) {
        const counts = zeroCounts(bulkResults)
        const known = { id, callerId, environment, total: items.length, done: 0, counts, createdAt: Number(time), revision: 0 }
        return { owned: { id, token: Number(token) }, job: { ...known, state: 'running' } }
      }
      await shared.send(['UNLINK', `${base}:${id}:plan`])
      const job = await read(callerId, found)
      if (job === undefined) throw new Problem('overloaded')
      if (token === '0') return { job }
      return { owned: { id: found, token: Number(token) }, job, left: await progress(found) }
    },
    async takeOver (): Promise<Owned | undefined> {
      const [id, token] = texts(await run(scripts.takeOver, shared.replicaId, lease))
      return id === undefined ? undefined : { id, token: Number(token) }
    },
    async left ({ id }: Owned): Promise<Left> {
      const { about: { options, ...origin }, ...rest } = await progress(id)
      return { ...rest, origin, plan: { options, items: await readPlan(id) } }
    },
    async claim ({ id, token }: Owned, index: number): Promise<Answer | 'done'> {
      const found = Number(await run(scripts.claim, id, token, lease, index))
      return found === 3 ? 'done' : answers[found] ?? 'lost'
    },
    renew: async ({ id, token }: Owned, done: number): Promise<Answer> => answer(scripts.renew, id, token, lease, lifetime, done),
    settle: async ({ id, token }: Owned, results: readonly CountedResult[]): Promise<Answer> =>
      answer(scripts.settle, id, token, lease, ...results.flatMap(({ item, index, count }) =>
        [index, count, vault.close(id, 'result', { item, index } satisfies Settled)])),
    finish: async ({ id, token }: Owned, { summary, problem, isComplete, kept, limit, size }: Ending): Promise<Answer> =>
      answer(
        scripts.finish, id, token, summary === undefined ? '' : vault.close(id, 'summary', summary), problem?.code ?? '',
        isComplete ? 1 : 0, kept, Math.floor(limit), size
      ),
    release: async ({ id, token }: Owned): Promise<Answer> => answer(scripts.release, id, token),
    read,
    async revision (id: string): Promise<number | undefined> {
      const found = await shared.send(['HGET', `${base}:${id}`, 'revision'])
      return typeof found === 'string' ? Number(found) : undefined
    },
    async results ({ id }: Job, from: number, most: number): Promise<Settled[]> {
      const results: Settled[] = []
      while (results.length < most) {
        const first = from + results.length
        const last = first + Math.min(page, most - results.length) - 1
        const found = texts(await shared.send(['LRANGE', `${base}:${id}:results`, String(first), String(last)]))
        for (const text of found) results.push(vault.open(id, 'result', text) as Settled)
        if (found.length <= last - first) break
      }
      return results
    },
    async cancel (callerId: string, id: string): Promise<void> {
      await run(scripts.cancel, id, hiddenCaller(callerId))
    }
  }

  function jobFrom (id: string, fields: ReadonlyMap<string, string>, time: number): Job {
    const number = (name: string): number | undefined => {
      const text = fields.get(name)
      return text === undefined ? undefined : Number(text)
    }
    const { caller, environment } = openAbout(id, fields.get('about') ?? '')
    const { total = 0, done = 0, createdAt = 0, revision = 0, endedAt } = Object.fromEntries(
      ['total', 'done', 'createdAt', 'revision', 'endedAt'].map((name) => [name, number(name)])
    )
    const [summary, problem] = [fields.get('summary') ?? '', fields.get('problem') ?? '']
    return compact({
      id,
      callerId: caller.id,
      environment,
      state: stateOf(fields),
      total,
      done,
      counts: countsIn(fields),
      createdAt,
      endedAt,
      secondsLeft: endedAt === undefined ? secondsLeft({ total, done, elapsed: time - createdAt }) : undefined,
      summary: summary === '' ? undefined : vault.open(id, 'summary', summary) as BulkSummary,
      problem: problem === '' ? undefined : new Problem(problem as ProblemCode),
      revision
    })
  }
}
