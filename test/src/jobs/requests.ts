import { caller } from '#src/authentication/caller'
import type { SecretName } from '#src/environments/names'
import type { Job } from '#src/jobs/job'
import type { JobRequest, Jobs } from '#src/jobs/port'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import type { BulkControl, BulkRun, BulkSummary } from '#src/secrets/bulk/run'
import { bulkResults, type BulkResult } from '#src/secrets/bulk/schemas'
import { zeroCounts } from '#src/secrets/counts'
import type { Scope } from '#src/secrets/scope'

const scope = { callerId: 'c', credentialId: 'local-dev', environment: { name: 'dev' } } as unknown as Scope

export const summary = (status: BulkSummary['status'] = 200): BulkSummary =>
  ({ dryRun: false, counts: zeroCounts(bulkResults), status })

export const outcome = (result: BulkResult = 'created'): BulkOutcome => ({ name: 'n' as SecretName, result })

const options = {
  onConflict: 'fail', restore: false, dryRun: false, atomic: false, failOnError: false, concurrency: 8, timeoutSeconds: 3_600
} as const

/** A run that ends at once, with a result for each secret. */
export const quick = (total: number): BulkRun => ({
  total,
  dryRun: false,
  plan: () => ({ options, items: Array.from({ length: total }, (_, index) => ({ name: `n${index}` as SecretName })) }),
  async run ({ settled }) {
    for (let index = 0; index < total; index++) settled(outcome(), index)
    return summary()
  }
})

export const dryRun: BulkRun = { ...quick(1), dryRun: true, plan: () => ({ ...quick(1).plan(), options: { ...options, dryRun: true } }) }

export const running = (run: BulkRun['run']): BulkRun => ({ ...quick(1), run })

export const endless = running(async () => new Promise(() => undefined))

/** A run that ends when the test tells it to. */
export function held (total = 1): { bulk: BulkRun, end: () => void, control: Promise<BulkControl> } {
  const opened = Promise.withResolvers<undefined>()
  const control = Promise.withResolvers<BulkControl>()
  return {
    bulk: {
      ...quick(total),
      async run (given) {
        control.resolve(given)
        await opened.promise
        return quick(total).run(given)
      }
    },
    end: () => { opened.resolve(undefined) },
    control: control.promise
  }
}

export function request (
  bulk: BulkRun, { callerId = 'c', idempotencyKey, ended = () => undefined }: { callerId?: string, idempotencyKey?: string, ended?: JobRequest['ended'] } = {}
): JobRequest {
  return {
    scope: { ...scope, callerId, ...idempotencyKey !== undefined && { idempotencyKey } },
    caller: caller('api-key', callerId),
    proof: { method: 'api-key', id: callerId },
    requestId: 'r',
    bulk,
    toReply: ({ name, result }) => ({ name, result }),
    begun: () => undefined,
    ended
  }
}

/** Runs a job to its end. */
export async function runJob (jobs: Jobs, bulk: BulkRun | number, options: { callerId?: string, idempotencyKey?: string } = {}): Promise<Job> {
  const ended = Promise.withResolvers<unknown>()
  const { callerId, id } = await jobs.start(request(typeof bulk === 'number' ? quick(bulk) : bulk, { ...options, ended: ended.resolve }))
  await ended.promise
  return jobs.find(callerId, id)
}

export const isKept = async (jobs: Jobs, { callerId, id }: Job): Promise<boolean> =>
  jobs.find(callerId, id).then((found) => found.id === id, () => false)

/** Returns which of the jobs are kept. */
export const kept = async (jobs: Jobs, all: readonly Job[]): Promise<boolean[]> => Promise.all(all.map(async (job) => isKept(jobs, job)))
