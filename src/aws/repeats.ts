import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { compact } from '#src/json/compact'
import type { SecretName } from '#src/environments/names'
import type { Failure } from '#src/problems/failure'
import { isProblem, Problem, type EarlierAttempt } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import { compareKmsKeys } from './kms-keys.ts'
import { untilShown } from './eventual-consistency.ts'
import type { NewSecret, ReplicatedSecret, SecretsPort, WriteResult } from './port.ts'
import type { SecretMetadata } from './secret.ts'

/** A call that AWS refuses the second time, although the SDK may repeat it after a lost reply. */
interface Repeatable<Result> {
  call: AwsCall
  name: SecretName
  operation: string
  carryOut: () => Promise<Result>
  /**
   * Returns the result of the call if the secret is already in the requested state, otherwise undefined. Returns `unknownByWhom`
   * if another call may have brought the secret into that state, and the result would differ.
   */
  resultIn: (secret: SecretMetadata, earlier: EarlierAttempt) => Result | typeof unknownByWhom | undefined
}

const unknownByWhom = Symbol('unknown by whom')

/**
 * These problems show that AWS refused a call because of the secret's state. Any other problem, such as a denial, says nothing
 * about an earlier attempt.
 */
const refusals: ReadonlySet<string> = new Set([
  'aws-refused', 'secret-exists', 'secret-pending-deletion', 'rotation-in-progress', 'version-not-found'
])

const day = 24 * 60 * 60 * 1000

/**
 * Wraps a port so that a call does not fail merely because AWS has already carried it out. If a reply is lost, the SDK repeats
 * the call, and AWS refuses some operations the second time. The state of the secret then shows whether an earlier attempt was
 * carried out.
 *
 * Other operations, and the creation of a secret with a value, are not wrapped: AWS either recognizes their repetition by its
 * `ClientRequestToken`, or allows it anyway.
 */
export function confirmRepeats (port: SecretsPort): SecretsPort {
  async function confirmed<Result> ({ call, name, operation, carryOut, resultIn }: Repeatable<Result>): Promise<Result> {
    try {
      return await carryOut()
    } catch (error) {
      const { earlierAttempt, failure, ...options } = error instanceof Problem ? error.options : {}
      if (!(error instanceof Problem) || earlierAttempt === undefined || !refusals.has(error.code)) throw error
      const result = await untilShown(call, async (isLast) => {
        const secret = await describe(call, name, operation)
        return secret && (isLast || hasChangedSince(secret, earlierAttempt)) ? resultIn(secret, earlierAttempt) : undefined
      })
      if (result === unknownByWhom) throw unanswered(error, operation, 'unknown-by-whom')
      // The secret is not in the wanted state, so AWS has not carried out the earlier attempt either.
      if (result === undefined) throw new Problem(error.code, options)
      return result
    }
  }

  /** Returns undefined if AWS does not find the secret. */
  async function describe (call: AwsCall, name: SecretName, operation: string): Promise<SecretMetadata | undefined> {
    try {
      return await port.describeSecret(call, name)
    } catch (error) {
      if (isProblem(error, 'secret-not-found')) return undefined
      throw error instanceof Problem ? unanswered(error, operation, 'unknown') : error
    }
  }

  return {
    ...port,
    cancelRotateSecret: async (call, name) => confirmed({
      call,
      name,
      operation: 'CancelRotateSecret',
      carryOut: async () => port.cancelRotateSecret(call, name),
      resultIn: (secret) => secret.rotation?.enabled === false ? writtenIn(secret) : undefined
    }),
    createSecret: async (call, name, secret) => secret.content !== undefined
      ? port.createSecret(call, name, secret)
      : confirmed({
          call,
          name,
          operation: 'CreateSecret',
          carryOut: async () => port.createSecret(call, name, secret),
          resultIn: (existing, earlier) => isPlaceholderMade(secret, existing, earlier) ? writtenIn(existing) : undefined
        }),
    deleteSecret: async (call, name, deletion) => confirmed({
      call,
      name,
      operation: 'DeleteSecret',
      carryOut: async () => port.deleteSecret(call, name, deletion),
      resultIn ({ arn, deletedDate }, { sent }) {
        // AWS's response does not contain the recovery window, and another call may have requested a different one. So only a
        // deletion that is certainly newer than this call counts as its success.
        if (deletedDate === undefined || 'force' in deletion) return undefined
        const deleted = deletedDate.getTime()
        if (sent !== undefined && deleted < sent.earliest) return undefined
        if (sent === undefined || deleted < sent.latest) return unknownByWhom
        return { name, arn, deletionDate: new Date(deleted + deletion.recoveryWindowInDays * day) }
      }
    }),
    removeRegionsFromReplication: async (call, name, regions) => confirmed({
      call,
      name,
      operation: 'RemoveRegionsFromReplication',
      carryOut: async () => port.removeRegionsFromReplication(call, name, regions),
      resultIn: (secret) => regions.some((region) => isIn(region, secret)) ? undefined : replicatedIn(secret)
    }),
    replicateSecretToRegions: async (call, name, replication) => confirmed({
      call,
      name,
      operation: 'ReplicateSecretToRegions',
      carryOut: async () => port.replicateSecretToRegions(call, name, replication),
      resultIn: (secret) =>
        replication.replicas.every((wanted) => isReplicated(wanted, secret)) ? replicatedIn(secret) : undefined
    }),
    restoreSecret: async (call, name) => confirmed({
      call,
      name,
      operation: 'RestoreSecret',
      carryOut: async () => port.restoreSecret(call, name),
      resultIn: (secret) => secret.state === 'pending-deletion' ? undefined : writtenIn(secret)
    }),
    async rotateSecret (call, name, rotation) {
      // The ID of the new version shows whether this call has started the rotation.
      const { versionId = randomUUID() } = rotation
      return confirmed({
        call,
        name,
        operation: 'RotateSecret',
        carryOut: async () => port.rotateSecret(call, name, { ...rotation, versionId }),
        resultIn: (secret) => secret.versions?.[versionId] === undefined ? undefined : { ...writtenIn(secret), versionId }
      })
    },
    stopReplicationToReplica: async (call, name) => confirmed({
      call,
      name,
      operation: 'StopReplicationToReplica',
      carryOut: async () => port.stopReplicationToReplica(call, name),
      resultIn: (secret) => isReplica(call, secret) ? undefined : writtenIn(secret)
    }),
    updateSecretVersionStage: async (call, name, stage, move) => confirmed({
      call,
      name,
      operation: 'UpdateSecretVersionStage',
      carryOut: async () => port.updateSecretVersionStage(call, name, stage, move),
      resultIn (secret) {
        const hasLabel = (versionId: string): boolean => secret.versions?.[versionId]?.includes(stage) === true
        const { moveToVersionId, removeFromVersionId } = move
        const isMoved = moveToVersionId === undefined || hasLabel(moveToVersionId)
        const isRemoved = removeFromVersionId === undefined || !hasLabel(removeFromVersionId)
        return isMoved && isRemoved ? writtenIn(secret) : undefined
      }
    })
  }
}

/** Returns the problem for a call with an unknown outcome. */
function unanswered (refusal: Problem, operation: string, effect: Failure['effect']): Problem {
  const failure: Failure = { operation, cause: 'refused', effect }
  return new Problem('aws-unavailable', { ...refusal.options, failure })
}

/**
 * Returns true if the description is certainly newer than the attempt. Otherwise it may be outdated, and show the requested state
 * only because another process's change is not visible yet.
 */
const hasChangedSince = ({ lastChangedDate }: SecretMetadata, { sent }: EarlierAttempt): boolean =>
  sent !== undefined && lastChangedDate !== undefined && lastChangedDate.getTime() >= sent.earliest

/**
 * Returns true if the existing secret is the placeholder that the call asks for, and was not created before the call. Another
 * call may have created it at the same time, which makes no difference: both calls wanted the same placeholder.
 */
function isPlaceholderMade (wanted: NewSecret, existing: SecretMetadata, { sent }: EarlierAttempt): boolean {
  const { createdDate, description = '', kmsKeyId, tags = {}, versions = {} } = existing
  const isOlder = sent === undefined || createdDate === undefined || createdDate.getTime() < sent.earliest
  const regions = (existing.replicas ?? []).map(({ region }) => region)
  return !isOlder && Object.keys(versions).length === 0 && description === (wanted.description ?? '') &&
    isDeepStrictEqual(tags, { ...wanted.tags }) && compareKmsKeys(wanted.kmsKeyId, kmsKeyId) !== 'different' &&
    isDeepStrictEqual(new Set(regions), new Set(wanted.replicaRegions))
}

const writtenIn = ({ name, arn }: SecretMetadata): WriteResult => ({ name, arn })

const replicatedIn = ({ name, arn, replicas }: SecretMetadata): ReplicatedSecret => compact({ name, arn, replicas })

/** Returns true if the secret has the replica, encrypted with the wanted KMS key. */
const isReplicated = ({ region, kmsKeyId }: { region: string, kmsKeyId?: string }, { replicas = [] }: SecretMetadata): boolean =>
  replicas.some((replica) => replica.region === region && replica.status !== 'Failed' &&
    (kmsKeyId === undefined || replica.kmsKeyId === kmsKeyId))

const isIn = (region: string, { replicas = [] }: SecretMetadata): boolean => replicas.some((replica) => replica.region === region)

const isReplica = ({ environment }: AwsCall, { primaryRegion }: SecretMetadata): boolean =>
  primaryRegion !== undefined && primaryRegion !== environment.region
