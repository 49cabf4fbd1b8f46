import { randomUUID } from 'node:crypto'
import { compact } from '#src/json/compact'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'
import type { BulkItem } from '#src/secrets/bulk/items'
import type { BulkOptions, BulkPlan, BulkSummary } from '#src/secrets/bulk/run'
import type { BulkCounts } from '#src/secrets/bulk/schemas'
import type { Shared } from '#src/shared/shared'
import { secondsLeft, type Job, type Settled } from '#src/jobs/job'
import { countsIn, countsOf, listOf, pairs, stateOf, texts } from './fields.ts'
import * as scripts from './scripts.ts'
import type { Answer, CountedResult, Ending, JobOrigin, JobStore, Owned, Started, UnfinishedJob } from './store-port.ts'
import { createJobCipher } from './job-cipher.ts'

/** How long the owner of a job may be silent before another replica may take the job over, in milliseconds. */
export const defaultLease = 10_000

/** How long a job is kept if no replica continues it, in milliseconds. */
const lifetime = 24 * 60 * 60 * 1_000

/** The number of items in one part of a plan, and of results in one read. Both are limited to keep commands short. */
const page = 250

/** The description of a job. It is encrypted and authenticated, so writing to the store can't change it. */
interface About extends JobOrigin {
  readonly options: BulkOptions
  readonly total: number
  /** The date of the start, in milliseconds since the epoch. */
  readonly createdAt: number
}

/** The end of a job, which is stored encrypted. */
interface End {
  readonly summary?: BulkSummary
  readonly problem?: ProblemCode
  readonly counts: BulkCounts
  readonly endedAt: number
}

export interface JobStoreOptions {
  /** The key of the fleet. */
  readonly key: Uint8Array
  /** Returns the date, in milliseconds since the epoch. Replicas compare it with the date of a job's start. */
  readonly now: () => number
  /** See `JobStore`. */
  readonly lease?: number
}

const answers: readonly Answer[] = ['lost', 'owned', 'cancelled']

/**
 * Creates the store of jobs in the shared state. A job's description, plan, results and end are encrypted and authenticated. The
 * other fields contain its owner, its progress, and the time of its removal.
 */
export function createJobStore (
  shared: Pick<Shared, 'run' | 'send' | 'key' | 'hidden' | 'replicaId'>, { key, now, lease = defaultLease }: JobStoreOptions
): JobStore {
  const base = shared.key('jobs')
  const cipher = createJobCipher(key)
  const run = async (script: (typeof scripts)[keyof typeof scripts], ...args: readonly (string | number)[]): Promise<unknown> =>
    shared.run(script, [base], args)
  const answer = async (...command: Parameters<typeof run>): Promise<Answer> => answers[Number(await run(...command))] ?? 'lost'
  const hiddenCaller = (callerId: string): string => shared.hidden('jobs of a caller', callerId)
  const keyName = (callerId: string, environment: string, idempotencyKey: string): string =>
    shared.hidden('job of a key', JSON.stringify([callerId, environment, idempotencyKey]))
  const openAbout = (id: string, text: string): About => cipher.decrypt(id, 'about', text) as About

  async function writePlan (id: string, items: readonly BulkItem[]): Promise<void> {
    for (let from = 0; from < items.length; from += page) {
      await run(scripts.addPart, id, cipher.encrypt(id, `plan ${from / page}`, items.slice(from, from + page)), lifetime)
    }
  }

  async function readPlan (id: string, total: number): Promise<BulkItem[]> {
    const items: BulkItem[] = []
    for (let part = 0; items.length < total; part++) {
      const text = await shared.send(['LINDEX', `${base}:${id}:plan`, String(part)])
      if (typeof text !== 'string') throw new Problem('internal-error', { reason: 'job-plan-incomplete' })
      for (const item of cipher.decrypt(id, `plan ${part}`, text) as BulkItem[]) items.push(item)
    }
    return items
  }

  async function results (id: string, from: number, most: number): Promise<Settled[]> {
    const results: Settled[] = []
    while (results.length < most) {
      const first = from + results.length
      const last = first + Math.min(page, most - results.length) - 1
      const found = texts(await shared.send(['LRANGE', `${base}:${id}:results`, String(first), String(last)]))
      for (const text of found) results.push(cipher.decrypt(id, 'result', text) as Settled)
      if (found.length <= last - first) break
    }
    return results
  }

  /** Returns the progress and the description of a job. An item is done if it has a result. */
  async function progress (id: string): Promise<Pick<UnfinishedJob, 'resumed' | 'done'> & { about: About }> {
    const [text, marks] = listOf(await run(scripts.progress, id))
    const about = openAbout(id, String(text))
    const settled = new Map((await results(id, 0, about.total)).map((result) => [result.index, result]))
    const begun = [...pairs(marks)].flatMap(([index, mark]) => mark === 'b' ? [Number(index)] : [])
    return {
      about,
      resumed: { counts: countsOf(settled.values()), begun: new Set(begun), elapsed: Math.max(0, now() - about.createdAt) },
      done: new Set(settled.keys())
    }
  }

  /**
   * Returns a caller's job. The caller is checked against the encrypted description, because it can't be forged by writing to the
   * store.
   */
  async function find (callerId: string, id: string): Promise<{ job: Job, about: About } | undefined> {
    const fields = pairs(await run(scripts.read, id, hiddenCaller(callerId)))
    if (fields.size === 0) return undefined
    const about = openAbout(id, fields.get('about') ?? '')
    return about.caller.id === callerId ? { about, job: jobFrom(id, about, fields) } : undefined
  }

  const read = async (callerId: string, id: string): Promise<Job | undefined> => (await find(callerId, id))?.job

  return {
    lease,
    async start (origin: JobOrigin, { options, items }: BulkPlan): Promise<Started> {
      const id = randomUUID()
      const { caller: { id: callerId }, environment, idempotencyKey, fingerprint } = origin
      const name = idempotencyKey === undefined || options.dryRun ? '' : keyName(callerId, environment, idempotencyKey)
      const about: About = { ...origin, options, total: items.length, createdAt: now() }
      await writePlan(id, items)
      const [found = '', token] = texts(await run(
        scripts.start, id, hiddenCaller(callerId), name, fingerprint ?? '', cipher.encrypt(id, 'about', about), shared.replicaId,
        lease, lifetime
      ))
      if (found === id) return { owned: { id, token: Number(token) }, job: jobFrom(id, about, new Map()) }
      await shared.send(['UNLINK', `${base}:${id}:plan`])
      if (token === '-1') throw new Problem('idempotency-mismatch')
      const earlier = await find(callerId, found)
      if (earlier === undefined) throw new Problem('overloaded')
      if (!isSameRequest(earlier.about, origin)) throw new Problem('idempotency-mismatch')
      const { job } = earlier
      return token === '0' ? { job } : { owned: { id: found, token: Number(token) }, job, progress: await progress(found) }
    },
    async takeOver (): Promise<Owned | undefined> {
      const [id, token] = texts(await run(scripts.takeOver, shared.replicaId, lease))
      return id === undefined ? undefined : { id, token: Number(token) }
    },
    async unfinished ({ id }: Owned): Promise<UnfinishedJob> {
      const { about: { options, total, createdAt, ...origin }, ...rest } = await progress(id)
      return { ...rest, origin, plan: { options, items: await readPlan(id, total) } }
    },
    async claim ({ id, token }: Owned, index: number): Promise<Answer | 'done'> {
      const found = Number(await run(scripts.claim, id, token, lease, index))
      return found === 3 ? 'done' : answers[found] ?? 'lost'
    },
    renew: async ({ id, token }: Owned, done: number): Promise<Answer> => answer(scripts.renew, id, token, lease, lifetime, done),
    settle: async ({ id, token }: Owned, results: readonly CountedResult[]): Promise<Answer> =>
      answer(scripts.settle, id, token, lease, ...results.flatMap(({ item, index, count }) =>
        [index, count, cipher.encrypt(id, 'result', { item, index } satisfies Settled)])),
    async finish ({ id, token }: Owned, { summary, problem, counts, isComplete, kept, limit, size }: Ending): Promise<Answer> {
      const end: End = compact({ summary, problem: problem?.code, counts, endedAt: now() })
      return answer(scripts.finish, id, token, cipher.encrypt(id, 'end', end), isComplete ? 1 : 0, kept, Math.floor(limit), size)
    },
    release: async ({ id, token }: Owned): Promise<Answer> => answer(scripts.release, id, token),
    read,
    async revision (id: string): Promise<number | undefined> {
      const found = await shared.send(['HGET', `${base}:${id}`, 'revision'])
      return typeof found === 'string' ? Number(found) : undefined
    },
    results: async ({ id }: Job, from: number, most: number): Promise<Settled[]> => results(id, from, most),
    async cancel (callerId: string, id: string): Promise<void> {
      if (await read(callerId, id) !== undefined) await run(scripts.cancel, id, hiddenCaller(callerId))
    }
  }

  /** @param fields the stored fields; empty for a job that has just been registered */
  function jobFrom (id: string, { caller, environment, total, createdAt }: About, fields: ReadonlyMap<string, string>): Job {
    const state = stateOf(fields)
    const end = state === 'ended' ? cipher.decrypt(id, 'end', fields.get('ending') ?? '') as End : undefined
    const counts = end?.counts ?? countsIn(fields)
    const done = end === undefined ? Number(fields.get('done') ?? 0) : sum(counts)
    return compact({
      id,
      callerId: caller.id,
      environment,
      state,
      total,
      done,
      counts,
      createdAt,
      endedAt: end?.endedAt,
      secondsLeft: end === undefined ? secondsLeft({ total, done, elapsed: Math.max(0, now() - createdAt) }) : undefined,
      summary: end?.summary,
      problem: end?.problem === undefined ? undefined : new Problem(end.problem),
      revision: Number(fields.get('revision') ?? 0)
    })
  }
}

const sum = (counts: BulkCounts): number => Object.values(counts).reduce((all, count) => all + count, 0)

/**
 * Returns true if a request with the same key repeats an earlier one. Anyone with write access to the store could make the key
 * refer to another job, so everything is compared.
 */
const isSameRequest = (about: About, { environment, idempotencyKey, fingerprint }: JobOrigin): boolean =>
  about.environment === environment && about.idempotencyKey === idempotencyKey && about.fingerprint === fingerprint
