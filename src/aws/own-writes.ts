import type { Monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem, Problem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import { lateness, pause } from './lateness.ts'
import { areOldVersions, describesOldState, isErrorOfOldState, isLater, isOldPolicy, isOldValue } from './old-states.ts'
import { fromAwsName, toAwsName } from './names.ts'
import type { BatchResult, RecentlyWritten, SecretsPort, VersionSelector } from './port.ts'
import { createRecentWrites, unknown, type Effect, type Fact, type Facts } from './recent-writes.ts'

/**
/**
 * `lateness` is the longest time that AWS takes for a deletion without recovery. `patience` is the longest time for which the
 * creation of a secret with the same name waits for that deletion. All times in this file are in milliseconds.
 */
const deletion = { lateness: 120_000, patience: 10_000 }

/** The time after a write during which AWS's lists may still show the old state, in milliseconds. AWS documents this time. */
const listLateness = 300_000

/**
 * Wraps a port so that this process sees what it has written. AWS is eventually consistent, so a read can show a state from
 * before a write that AWS has confirmed. If a reply contradicts a write of this process that is only seconds old, AWS is asked
 * again. After that time, somebody else must have changed the secret. Lists are passed on as they are, because they can lag
 * behind by several minutes; `listRecentlyWritten` returns the secrets that they may lack.
 *
 * @param now the wall clock, which is compared with AWS's dates
 */
export function seeOwnWrites (port: SecretsPort, monotonic: Monotonic, now: () => number): SecretsPort {
  const writes = createRecentWrites(monotonic, now)

  async function write<Result> (
    call: AwsCall, name: SecretName, carryOut: () => Promise<Result>, effect: (result: Result, before: Facts) => Effect
  ): Promise<Result> {
    return writes.during(keyOf(call, name), carryOut, (result, before) => ({ state: 'present', ...effect(result, before) }))
  }

  /**
   * Repeats a read until its reply no longer contradicts a recent write.
   *
   * @param version the version to read; absent unless a version is read
   */
  async function read<Reply> (
    call: AwsCall, name: SecretName, ask: () => Promise<Reply>, isOld: (reply: Reply, facts: Facts) => boolean,
    version?: VersionSelector
  ): Promise<Reply> {
    for (let attempt = 0; ; attempt++) {
      const outcome = await ask().then((reply) => ({ reply }), (error: unknown) => ({ error }))
      const facts = writes.find(keyOf(call, name), lateness)
      const isLate = 'error' in outcome ? isErrorOfOldState(outcome.error, facts, version) : isOld(outcome.reply, facts)
      if (!isLate || !await pause(call, attempt)) {
        if ('error' in outcome) throw orGone(call, name, outcome.error)
        return outcome.reply
      }
    }
  }

  /** Returns this process's deletion of a secret without recovery, if AWS has confirmed it but may not have finished it. */
  function deletionOf (call: AwsCall, name: SecretName): Fact | undefined {
    const state = writes.find(keyOf(call, name), deletion.lateness).get('state')
    return state?.value === 'gone' ? state : undefined
  }

  const isBeingDeleted = (call: AwsCall, name: SecretName, error: unknown): error is Problem =>
    isProblem(error, 'secret-pending-deletion') && deletionOf(call, name) !== undefined

  /** Returns AWS's error, or `secret-not-found` if AWS's error only means that this process's deletion is under way. */
  const orGone = (call: AwsCall, name: SecretName, error: unknown): unknown =>
    isBeingDeleted(call, name, error) ? asGone(error) : error

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

  const getSecretValue: SecretsPort['getSecretValue'] = async (call, name, version = {}) => read(
    call, name, async () => port.getSecretValue(call, name, version), (reply, facts) => isOldValue(reply, facts, version), version
  )

  return {
    ...port,
    getSecretValue,
    async batchGetSecretValue (call, request) {
      const page = await port.batchGetSecretValue(call, request)
      const items = await Promise.all(page.items.map(async (item): Promise<BatchResult> => {
        const facts = writes.find(keyOf(call, item.name), lateness)
        const isOld = 'problem' in item ? isErrorOfOldState(item.problem, facts, {}) : isOldValue(item.secret, facts)
        const isGone = 'problem' in item && isBeingDeleted(call, item.name, item.problem)
        if (!isOld && !isGone) return item
        return getSecretValue(call, item.name).then((secret) => ({ name: item.name, secret }), (error: unknown) => {
          if (error instanceof Problem) return { name: item.name, problem: error }
          throw error
        })
      }))
      return { ...page, items }
    },
    async describeSecret (call, name) {
      const secret = await read(call, name, async () => port.describeSecret(call, name), describesOldState)
      const gone = deletionOf(call, name)
      if (gone !== undefined && secret.state === 'pending-deletion' && !isLater(secret.createdDate, gone)) throw new Problem('secret-not-found')
      return secret
    },
    getResourcePolicy: async (call, name) => read(call, name, async () => port.getResourcePolicy(call, name), isOldPolicy),
    validateResourcePolicy: async (call, name, policy) =>
      read(call, name, async () => port.validateResourcePolicy(call, name, policy), () => false),
    listSecretVersionIds: async (call, name, request) =>
      read(call, name, async () => port.listSecretVersionIds(call, name, request), areOldVersions(request)),
    listRecentlyWritten (call) {
      const { environment } = call
      return [...writes.findAll(placeOf(call), listLateness)].flatMap(([awsName, facts]) => {
        const name = fromAwsName(environment, awsName)
        return name === undefined ? [] : compact({ name, state: facts.get('state')?.value as RecentlyWritten['state'] })
      })
    },
    createSecret: async (call, name, secret) => write(call, name,
      async () => afterDeletion(call, name, async () => port.createSecret(call, name, secret)), newVersion),
    deleteSecret: async (call, name, how) => write(call, name, async () => port.deleteSecret(call, name, how),
      () => ({ state: 'force' in how ? 'gone' : 'deleted' })),
    async restoreSecret (call, name) {
      try {
        return await write(call, name, async () => port.restoreSecret(call, name), () => ({}))
      } catch (error) {
        throw isProblem(error, 'secret-pending-deletion') ? asGone(error) : error
      }
    },
    async putSecretValue (call, name, content, version = {}) {
      try {
        return await write(call, name, async () => port.putSecretValue(call, name, content, version),
          (result, before) => newVersion(result, before, version.stages))
      } catch (error) {
        throw orGone(call, name, error)
      }
    },
    updateSecret: async (call, name, change) => write(call, name, async () => port.updateSecret(call, name, change),
      (result, before) => ({
        ...change.description !== undefined && { description: change.description },
        ...change.kmsKeyId !== undefined && { kmsKey: change.kmsKeyId },
        ...change.content !== undefined && newVersion(result, before)
      })),
    updateSecretVersionStage: async (call, name, stage, move) => write(call, name,
      async () => port.updateSecretVersionStage(call, name, stage, move),
      () => moved(stage, move.moveToVersionId, move.removeFromVersionId)),
    tagResource: async (call, name, tags) => write(call, name, async () => port.tagResource(call, name, tags),
      () => each('tag', Object.keys(tags), (key) => tags[key])),
    untagResource: async (call, name, keys) => write(call, name, async () => port.untagResource(call, name, keys),
      () => each('tag', keys, () => undefined)),
    putResourcePolicy: async (call, name, policy, options) => write(call, name,
      async () => port.putResourcePolicy(call, name, policy, options), () => ({ policy })),
    deleteResourcePolicy: async (call, name) => write(call, name, async () => port.deleteResourcePolicy(call, name),
      () => ({ policy: undefined })),
    rotateSecret: async (call, name, rotation) => write(call, name, async () => port.rotateSecret(call, name, rotation),
      () => ({ rotation: 'true', ...moved('AWSCURRENT', unknown), 'label AWSPENDING': unknown })),
    cancelRotateSecret: async (call, name) => write(call, name, async () => port.cancelRotateSecret(call, name),
      () => ({ rotation: 'false' })),
    replicateSecretToRegions: async (call, name, replication) => write(call, name,
      async () => port.replicateSecretToRegions(call, name, replication),
      () => each('replica', replication.replicas.map(({ region }) => region), (region) => region)),
    removeRegionsFromReplication: async (call, name, regions) => write(call, name,
      async () => port.removeRegionsFromReplication(call, name, regions), () => each('replica', regions, () => undefined)),
    stopReplicationToReplica: async (call, name) => write(call, name, async () => port.stopReplicationToReplica(call, name),
      () => ({ primaryRegion: call.environment.region }))
  }
}

/**
 * Returns the problem for a secret that AWS is deleting without recovery: `secret-not-found`, because the secret can't be
 * restored, and its name will soon be free. If a restore fails with `secret-pending-deletion`, the reason is always such a
 * deletion.
 */
const asGone = ({ options: { fault: _, ...options } }: Problem): Problem => new Problem('secret-not-found', options)

/**
 * Returns the key under which a secret's writes are remembered. It contains the credential, because calls with another credential
 * may concern another account.
 */
const keyOf = (call: AwsCall, name: SecretName): string => placeOf(call) + toAwsName(call.environment, name)

const placeOf = ({ environment, credentialId }: AwsCall): string => `${credentialId} ${environment.region} `

/**
 * Returns the effect of a write that creates a version. A repetition of a write has the same version ID. AWS gives it the same
 * reply, but it changes nothing.
 */
function newVersion ({ versionId }: { versionId?: string }, before: Facts, stages: readonly string[] = ['AWSCURRENT']): Effect {
  if (versionId !== undefined && before.has(`version ${versionId}`)) return {}
  return Object.assign({ [`version ${versionId ?? ''}`]: versionId }, ...stages.map((stage) => moved(stage, versionId))) as Effect
}

/** Returns the effect of a label's move. When AWSCURRENT is moved, AWS moves AWSPREVIOUS to the version that had it. */
const moved = (stage: string, versionId: string | undefined | typeof unknown, from: string | typeof unknown = unknown): Effect =>
  ({ [`label ${stage}`]: versionId, ...stage === 'AWSCURRENT' && { 'label AWSPREVIOUS': from } })

/** Returns the effect of a write that gives values to several tags or replicas. */
const each = (kind: 'tag' | 'replica', names: readonly string[], valueOf: (name: string) => string | undefined): Effect =>
  Object.fromEntries(names.map((name) => [`${kind} ${name}`, valueOf(name)]))
