import type { Monotonic } from '#src/clock'
import type { SecretName } from '#src/environments/names'
import { isProblem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import { pause } from './eventual-consistency.ts'
import { asGone, isBeingDeleted, keyOf, orGone } from './own-writes.ts'
import type { SecretsPort, WrittenVersion } from './port.ts'
import { unknown, type Effect, type Facts, type RecentWrites } from './recent-writes.ts'

/** The milliseconds for which a creation waits until AWS has finished this process's deletion of a secret with the same name. */
const deletionPatience = 10_000

/** Wraps a port so that the effects of its writes are recorded in `writes`, for `seeOwnWrites`. */
export function rememberWrites (port: SecretsPort, writes: RecentWrites, monotonic: Monotonic): SecretsPort {
  async function write<Result> (
    call: AwsCall, name: SecretName, carryOut: () => Promise<Result>, effect: (result: Result, before: Facts) => Effect
  ): Promise<Result> {
    return writes.during(keyOf(call, name), carryOut, (result, before) => ({ state: 'present', ...effect(result, before) }))
  }

  /**
   * Creates a secret. Retries for a while if AWS has not finished this process's deletion of an earlier secret with the same
   * name.
   */
  async function afterDeletion<Result> (call: AwsCall, name: SecretName, create: () => Promise<Result>): Promise<Result> {
    const end = monotonic() + deletionPatience
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
          (result, before) => newVersion(result, before, attached(result, version.stages)))
      } catch (error) {
        throw orGone(writes, call, name, error)
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
 * Returns the effect of a write that creates a version. A write with the ID of an existing version is a repetition, to which AWS
 * replies as if it had created the version.
 */
function newVersion ({ versionId }: { versionId?: string }, before: Facts, stages: readonly string[] = ['AWSCURRENT']): Effect {
  if (versionId !== undefined && before.has(`version ${versionId}`)) return {}
  return Object.assign({ [`version ${versionId ?? ''}`]: versionId }, ...stages.map((stage) => moved(stage, versionId))) as Effect
}

/** Returns the labels that a write has attached to its version. The repetition of an earlier write attaches none. */
const attached = ({ versionStages }: WrittenVersion, wanted: readonly string[] = ['AWSCURRENT']): readonly string[] =>
  wanted.filter((stage) => versionStages?.includes(stage) !== false)

/** Returns the effect of moving a label. If it is AWSCURRENT, AWS attaches AWSPREVIOUS to the version that it is moved from. */
const moved = (stage: string, versionId: string | undefined | typeof unknown, from: string | typeof unknown = unknown): Effect =>
  ({ [`label ${stage}`]: versionId, ...stage === 'AWSCURRENT' && { 'label AWSPREVIOUS': from } })

/** Returns the effect of a write that sets several tags or replicas. */
const each = (kind: 'tag' | 'replica', names: readonly string[], valueOf: (name: string) => string | undefined): Effect =>
  Object.fromEntries(names.map((name) => [`${kind} ${name}`, valueOf(name)]))
