import { randomUUID } from 'node:crypto'
import type { Caller } from '#src/authentication/caller'
import { compact } from '#src/json/compact'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import type { BulkItem } from '#src/secrets/bulk/items'
import type { BulkOptions, BulkPlan, BulkSummary, Resumed } from '#src/secrets/bulk/run'
import { bulkResults, type BulkCounts } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Shared } from '#src/shared/shared'
import { secondsLeft, type Job, type JobState, type Settled } from '#src/jobs/job'
import * as scripts from './scripts.ts'
import { createVault } from './vault.ts'

/** Who has started a job, and where. Another replica needs it to continue the job, and for its audit records. */
export interface JobOrigin {
  readonly caller: Caller
  readonly requestId: string
  readonly peer?: string
  readonly environment: string
  readonly credentialId: string
  readonly idempotencyKey?: string
}

/** What a job is. It is stored encrypted. */
interface About extends JobOrigin {
  readonly options: BulkOptions
}

/** A job that this replica owns. Whoever has an older token has lost it. */
export interface Owned {
  readonly id: string
  readonly token: number
}

/** What another replica has left of a job. */
export interface Left {
  readonly origin: JobOrigin
  readonly plan: BulkPlan
  readonly resumed: Resumed
  /** The indexes of the items that have a result. */
  readonly done: ReadonlySet<number>
}

/** A job that was registered or found. */
export interface Started {
  readonly job: Job
  /** Present if this replica is the job's owner. */
  readonly owned?: Owned
  /** What another replica has done of the job, if this replica has taken it over. */
  readonly left?: Pick<Left, 'resumed' | 'done'>
}

/** The answer to a question about a job that this replica may own. */
export type Answer = 'lost' | 'owned' | 'cancelled'

/** A final result, and the kind of result. */
export interface CountedResult extends Settled {
  readonly count: keyof BulkCounts
}

/** How a job has ended. */
export interface Ending {
  readonly summary?: BulkSummary
  readonly problem?: Problem
  readonly isComplete: boolean
  /** The time for which it is kept, in milliseconds. */
  readonly kept: number
  /** The maximum memory of all ended jobs together, and the memory of this one, in bytes. */
  readonly limit: number
  readonly size: number
}

/** The time for which the owner of a job may be silent, in milliseconds. */
export const lease = 10_000

/** The time for which a job is kept that nobody continues, in milliseconds. */
const lifetime = 24 * 60 * 60 * 1_000

/** The number of items in a part of a plan, and of results that are read at once. A command has to be short. */
const page = 250

const answers: readonly Answer[] = ['lost', 'owned', 'cancelled']

export type JobStore = ReturnType<typeof createJobStore>

/**
 * Creates the functions that read and write what the replicas share of jobs. All of them throw the Problem
 * `shared-state-unavailable` if the store can't be used, never later than its time limit.
 *
 * @param key the key of the fleet
 */
export function createJobStore (shared: Pick<Shared, 'run' | 'send' | 'key' | 'hidden' | 'replicaId'>, key: Uint8Array) {
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
      items.push(...vault.open(id, `plan ${part}`, text) as BulkItem[])
    }
  }

  /** Returns what has been done of a job, and what it is. */
  async function progress (id: string): Promise<Pick<Left, 'resumed' | 'done'> & { about: About }> {
    const [time, found, marks] = listOf(await run(scripts.progress, id))
    const [fields, items] = [pairs(found), pairs(marks)]
    const having = (mark: string): Set<number> => new Set([...items].flatMap(([index, found]) => found === mark ? [Number(index)] : []))
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
    /** Registers a job, or finds the one of an earlier request with the same key. */
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
        const job = { id, callerId, environment, state: 'running', total: items.length, done: 0, createdAt: Number(time), revision: 0 } as const
        return { owned: { id, token: Number(token) }, job: { ...job, counts: zeroCounts(bulkResults) } }
      }
      await shared.send(['UNLINK', `${base}:${id}:plan`])
      const job = await read(callerId, found)
      if (job === undefined) throw new Problem('overloaded')
      if (token === '0') return { job }
      return { owned: { id: found, token: Number(token) }, job, left: await progress(found) }
    },
    /** Makes this replica the owner of a job whose owner has died or has lost the connection. Returns undefined if there is none. */
    async takeOver (): Promise<Owned | undefined> {
      const [id, token] = texts(await run(scripts.takeOver, shared.replicaId, lease))
      return id === undefined ? undefined : { id, token: Number(token) }
    },
    /** Returns what another replica has left of a job that this replica owns by now. */
    async left ({ id }: Owned): Promise<Left> {
      const { about: { options, ...origin }, ...rest } = await progress(id)
      return { ...rest, origin, plan: { options, items: await readPlan(id) } }
    },
    /** Asks whether this replica may begin an item. `done` means that the item has a result. */
    async claim ({ id, token }: Owned, index: number): Promise<Answer | 'done'> {
      const found = Number(await run(scripts.claim, id, token, lease, index))
      return found === 3 ? 'done' : answers[found] ?? 'lost'
    },
    /** Reports that the owner of a job is alive. @param done the number of items that are done */
    renew: async ({ id, token }: Owned, done: number): Promise<Answer> => answer(scripts.renew, id, token, lease, lifetime, done),
    settle: async ({ id, token }: Owned, results: readonly CountedResult[]): Promise<Answer> =>
      answer(scripts.settle, id, token, lease, ...results.flatMap(({ item, index, count }) =>
        [index, count, vault.close(id, 'result', { item, index } satisfies Settled)])),
    finish: async ({ id, token }: Owned, { summary, problem, isComplete, kept, limit, size }: Ending): Promise<Answer> =>
      answer(
        scripts.finish, id, token, summary === undefined ? '' : vault.close(id, 'summary', summary), problem?.code ?? '',
        isComplete ? 1 : 0, kept, Math.floor(limit), size
      ),
    /** Gives a job up, so that another replica can continue it at once. */
    release: async ({ id, token }: Owned): Promise<Answer> => answer(scripts.release, id, token),
    /** Returns a caller's job, or undefined if it is not kept. */
    read,
    /** Returns a number that grows with every change of a job, or undefined if the job is not kept. */
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
        results.push(...found.map((text) => vault.open(id, 'result', text) as Settled))
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

const stateOf = (fields: ReadonlyMap<string, string>): JobState => {
  if (fields.has('endedAt')) return 'ended'
  return fields.has('cancelled') ? 'stopping' : 'running'
}

function countsIn (fields: ReadonlyMap<string, string>): BulkCounts {
  const counts = zeroCounts(bulkResults)
  for (const name of Object.keys(counts) as (keyof BulkCounts)[]) counts[name] = Number(fields.get(`count:${name}`) ?? 0)
  return counts
}

const listOf = (reply: unknown): readonly unknown[] => Array.isArray(reply) ? reply : []

/** Returns the texts and numbers of a list. */
const texts = (reply: unknown): string[] => listOf(reply).map(String)

/** Returns the fields of a hash, which a script returns as names and values in turn. */
function pairs (reply: unknown): Map<string, string> {
  const list = texts(reply)
  const fields = new Map<string, string>()
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at] ?? '', list[at + 1] ?? '')
  return fields
}
