import { randomUUID } from 'node:crypto'
import type { Monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { isProblem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import { pause } from './eventual-consistency.ts'
import { asNotFound, isBeingDeleted, keyOf, notFoundIfDeleted } from './own-writes.ts'
import type { ReplicatedSecret, SecretChange, SecretsPort } from './port.ts'
import { unknown, type Effect, type EffectOf, type Facts, type RecentWrites } from './recent-writes.ts'

/** The milliseconds for which a creation waits while AWS carries out this process's deletion of a secret with the same name. */
const deletionTimeout = 10_000

/** Wraps a port so that the effects of its writes are recorded in `writes`, for `seeOwnWrites`. */
export function rememberWrites (port: SecretsPort, writes: RecentWrites, monotonic: Monotonic): SecretsPort {
  async function write<Result> (
    call: AwsCall, name: SecretName, carryOut: () => Promise<Result>, effect: EffectOf<Result>
  ): Promise<Result> {
    try {
      return await record(call, name, carryOut, effect)
    } catch (error) {
      throw notFoundIfDeleted(writes, call, name, error)
    }
  }

  const record: typeof write = async (call, name, carryOut, effect) =>
    writes.during(keyOf(call, name), carryOut, (done, before) => ({ ...done && { state: 'present' }, ...effect(done, before) }))

  /**
   * Creates a secret. Retries for a while if AWS has not finished this process's deletion of an earlier secret with the same
   * name.
   */
  async function afterDeletion<Result> (call: AwsCall, name: SecretName, create: () => Promise<Result>): Promise<Result> {
    const end = monotonic() + deletionTimeout
    for (let attempt = 0; ; attempt++) {
      try {
        return await create()
      } catch (error) {
        if (!isBeingDeleted(writes, call, name, error) || monotonic() > end || !await pause(call, attempt)) throw error
      }
    }
  }

  return {
    ...port,
    async createSecret (call, name, secret) {
      const given = withVersionId(secret)
      // Unlike other writes, a creation fails with AWS's error while AWS has not finished a deletion, because the name is not
      // free yet.
      return record(call, name, async () => afterDeletion(call, name, async () => port.createSecret(call, name, given)),
        (done, before) => ({
          state: 'present', ...newVersion((done?.result ?? (secret.content === undefined ? {} : given)).versionId, before)
        }))
    },
    deleteSecret: async (call, name, how) => write(call, name, async () => port.deleteSecret(call, name, how),
      () => ({ state: 'force' in how ? 'gone' : 'deleted' })),
    async restoreSecret (call, name) {
      try {
        return await write(call, name, async () => port.restoreSecret(call, name), () => ({ state: 'present' }))
      } catch (error) {
        throw isProblem(error, 'secret-pending-deletion') ? asNotFound(error) : error
      }
    },
    async putSecretValue (call, name, content, version = {}) {
      const { versionId = randomUUID(), stages } = version
      return write(call, name, async () => port.putSecretValue(call, name, content, { ...version, versionId }), (done, before) =>
        newVersion((done?.result ?? { versionId }).versionId, before, attached(done?.result.versionStages, stages)))
    },
    async updateSecret (call, name, change) {
      const given = withVersionId(change)
      return write(call, name, async () => port.updateSecret(call, name, given), (done, before) => ({
        ...change.description !== undefined && { description: change.description },
        ...change.kmsKeyId !== undefined && { kmsKey: change.kmsKeyId },
        ...change.content !== undefined && newVersion((done?.result ?? given).versionId, before)
      }))
    },
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
      (done) => ({
        rotation: 'true',
        ...moved('AWSCURRENT', unknown),
        'label AWSPENDING': unknown,
        // With `rotateImmediately: false`, AWS only tests the rotation function.
        ...rotation.rotateImmediately !== false && { rotatedVersion: done?.result.versionId }
      })),
    cancelRotateSecret: async (call, name) => write(call, name, async () => port.cancelRotateSecret(call, name),
      () => ({ rotation: 'false' })),
    replicateSecretToRegions: async (call, name, replication) => write(call, name,
      async () => port.replicateSecretToRegions(call, name, replication),
      (done) => each('replica', replication.replicas.map(({ region }) => region), (region) => begun(region, done?.result))),
    removeRegionsFromReplication: async (call, name, regions) => write(call, name,
      async () => port.removeRegionsFromReplication(call, name, regions), () => each('replica', regions, () => undefined)),
    stopReplicationToReplica: async (call, name) => write(call, name, async () => port.stopReplicationToReplica(call, name),
      () => ({ primaryRegion: call.environment.region }))
  }
}

/**
 * Adds a version ID to a change that has a value. If the SDK generated the ID and the reply were lost, the ID of the new version
 * would be unknown.
 */
const withVersionId = <Change extends SecretChange>(change: Change): Change =>
  change.content === undefined ? change : { ...change, versionId: change.versionId ?? randomUUID() }

/**
 * Returns the effect of a write that creates a version. A write with the ID of an existing version repeats an earlier write, and
 * AWS replies as if it had created the version.
 */
function newVersion (versionId: string | undefined, before: Facts, stages: readonly string[] = ['AWSCURRENT']): Effect {
  if (versionId !== undefined && before.has(`version ${versionId}`)) return {}
  return Object.assign({ [`version ${versionId ?? ''}`]: versionId }, ...stages.map((stage) => moved(stage, versionId))) as Effect
}

/**
 * Returns the labels that a write has attached to its version. A repeated write attaches none.
 *
 * @param shown the version's labels in AWS's reply, if there is one
 */
const attached = (shown: readonly string[] | undefined, wanted: readonly string[] = ['AWSCURRENT']): readonly string[] =>
  wanted.filter((stage) => shown?.includes(stage) !== false)

/** Returns the effect of moving a label. When AWS moves AWSCURRENT, it attaches AWSPREVIOUS to the version that had it. */
const moved = (stage: string, versionId: string | undefined | typeof unknown, from: string | typeof unknown = unknown): Effect =>
  ({ [`label ${stage}`]: versionId, ...stage === 'AWSCURRENT' && { 'label AWSPREVIOUS': from } })

/** Returns the state of a replica after its replication has begun. It may have failed already. */
const begun = (region: string, { replicas = [] }: Partial<ReplicatedSecret> = {}): string =>
  replicas.some((replica) => replica.region === region && replica.status === 'Failed') ? 'failed' : 'begun'

/** Returns the effect of a write that sets several tags or replicas. */
const each = (kind: 'tag' | 'replica', names: readonly string[], valueOf: (name: string) => string | undefined): Effect =>
  Object.fromEntries(names.map((name) => [`${kind} ${name}`, valueOf(name)]))
