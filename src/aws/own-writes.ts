import { setTimeout as delay } from 'node:timers/promises'
import type { Monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { ownerOf, type AwsCall } from './call.ts'
import { describesOldState, isErrorOfOldState, isOldValue } from './old-states.ts'
import { toAwsName } from './names.ts'
import type { BatchResult, SecretsPort } from './port.ts'
import { createRecentWrites, type Effect, type RecentWrite } from './recent-writes.ts'

/**
 * A reply that contradicts a write shows an earlier state if it comes within this time after the write. If it comes later,
 * somebody else must have changed the secret. All times in this file are in milliseconds.
 */
const lateness = 3_000

/**
 * `lateness` is the longest time that AWS takes for a deletion without recovery. `patience` is the longest time for which the
 * creation of a secret with the same name waits for that deletion.
 */
const deletion = { lateness: 120_000, patience: 10_000 }

/** The first and the longest pause before AWS is asked again. */
const pauses = { first: 25, longest: 400 }

/**
 * Wraps a port so that this process sees what it has written. AWS is eventually consistent, so a read can show a state from
 * before a write that AWS has confirmed. If a reply contradicts a write of this process that is only seconds old, AWS is asked
 * again. Lists are passed on as they are, because they can lag behind by several minutes.
 *
 * @param now the wall clock, which is compared with AWS's dates
 */
export function seeOwnWrites (port: SecretsPort, monotonic: Monotonic, now: () => number): SecretsPort {
  const writes = createRecentWrites(monotonic, now)

  async function write<Result> (
    call: AwsCall, name: SecretName, carryOut: () => Promise<Result>, effect: (result: Result) => Effect
  ): Promise<Result> {
    return writes.during(keyOf(call, name), carryOut, effect)
  }

  /** Repeats a read until its reply no longer contradicts a recent write. */
  async function read<Reply> (
    call: AwsCall, name: SecretName, ask: () => Promise<Reply>, isOld: (outcome: Outcome<Reply>, write: RecentWrite) => boolean
  ): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      const outcome = await ask().then((reply): Outcome<Reply> => ({ reply }), (error: unknown): Outcome<Reply> => ({ error }))
      const recent = writes.find(keyOf(call, name), lateness)
      if (recent === undefined || !isOld(outcome, recent) || !await pause(call, attempt)) {
        if ('error' in outcome) throw outcome.error
        return outcome.reply
      }
    }
  }

  const isBeingDeleted = (call: AwsCall, name: SecretName, error: unknown): boolean =>
    isProblem(error, 'secret-pending-deletion') && writes.find(keyOf(call, name), deletion.lateness)?.state === 'gone'

  /** Creates a secret. Retries for a while if AWS is still deleting an earlier secret of that name for this process. */
  async function afterDeletion<Result> (call: AwsCall, name: SecretName, create: () => Promise<Result>): Promise<Result> {
    const end = monotonic() + deletion.patience
    for (let attempt = 0; ; attempt++) {
      try {
        return await create()
      } catch (error) {
        if (!isBeingDeleted(call, name, error) || monotonic() > end || !await pause(call, attempt)) throw error
      }
    }
  }

  const getSecretValue: SecretsPort['getSecretValue'] = async (call, name, version) =>
    read(call, name, async () => port.getSecretValue(call, name, version), (outcome, recent) =>
      'error' in outcome ? isErrorOfOldState(outcome.error, recent, version) : isOldValue(outcome.reply, recent, version))

  return {
    ...port,
    getSecretValue,
    async batchGetSecretValue (call, request) {
      const page = await port.batchGetSecretValue(call, request)
      const items = await Promise.all(page.items.map(async (item): Promise<BatchResult> => {
        const recent = writes.find(keyOf(call, item.name), lateness)
        const isOld = recent !== undefined &&
          ('problem' in item ? isErrorOfOldState(item.problem, recent, {}) : isOldValue(item.secret, recent, {}))
        if (!isOld) return item
        return getSecretValue(call, item.name).then((secret) => ({ name: item.name, secret }), (error: unknown) => {
          if (error instanceof Problem) return { name: item.name, problem: error }
          throw error
        })
      }))
      return { ...page, items }
    },
    describeSecret: async (call, name) => read(call, name, async () => port.describeSecret(call, name), (outcome, recent) =>
      'error' in outcome ? isErrorOfOldState(outcome.error, recent) : describesOldState(outcome.reply, recent)),
    getResourcePolicy: async (call, name) => read(call, name, async () => port.getResourcePolicy(call, name), onlyErrors),
    listSecretVersionIds: async (call, name, request) =>
      read(call, name, async () => port.listSecretVersionIds(call, name, request), onlyErrors),
    createSecret: async (call, name, secret) => write(call, name,
      async () => afterDeletion(call, name, async () => port.createSecret(call, name, secret)),
      ({ versionId }) => ({ state: 'present', moved: true, current: versionId })),
    deleteSecret: async (call, name, how) => write(call, name, async () => port.deleteSecret(call, name, how),
      () => ({ state: 'force' in how ? 'gone' : 'scheduled' })),
    restoreSecret: async (call, name) => write(call, name, async () => port.restoreSecret(call, name), () => ({ state: 'present' })),
    async putSecretValue (call, name, content, version = {}) {
      const isCurrent = version.stages?.includes('AWSCURRENT') ?? true
      try {
        return await write(call, name, async () => port.putSecretValue(call, name, content, version),
          ({ versionId }) => ({ state: 'present', ...isCurrent && { moved: true, current: versionId } }))
      } catch (error) {
        // A secret that is being deleted without recovery can't be restored, and its name will soon be free. So it counts as not
        // found.
        throw error instanceof Problem && isBeingDeleted(call, name, error) ? new Problem('secret-not-found', error.options) : error
      }
    },
    updateSecret: async (call, name, change) => write(call, name, async () => port.updateSecret(call, name, change),
      ({ versionId }) => ({ state: 'present', ...change.content !== undefined && { moved: true, current: versionId } })),
    updateSecretVersionStage: async (call, name, stage, move) => write(call, name,
      async () => port.updateSecretVersionStage(call, name, stage, move),
      () => ({ state: 'present', ...stage === 'AWSCURRENT' && { moved: true, current: move.moveToVersionId } })),
    rotateSecret: async (call, name, rotation) => write(call, name, async () => port.rotateSecret(call, name, rotation),
      () => ({ state: 'present', moved: true }))
  }
}

type Outcome<Reply> = { reply: Reply } | { error: unknown }

const onlyErrors = (outcome: Outcome<unknown>, recent: RecentWrite): boolean =>
  'error' in outcome && isErrorOfOldState(outcome.error, recent)

/**
 * Returns the key under which a secret's writes are remembered. It contains the credential, because calls with another credential
 * may concern another account.
 */
const keyOf = ({ environment, credentialId }: AwsCall, name: SecretName): string =>
  [credentialId, environment.region, toAwsName(environment, name)].join(' ')

/** Waits before AWS is asked again. Returns false if the call's owner has left. */
async function pause (call: AwsCall, attempt: number): Promise<boolean> {
  const signal = ownerOf(call)
  try {
    await delay(Math.min(pauses.longest, pauses.first * 2 ** attempt), undefined, { ...signal && { signal } })
    return true
  } catch {
    return false
  }
}
