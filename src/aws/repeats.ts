import { randomUUID } from 'node:crypto'
import { compact } from '#src/json/compact'
import type { SecretName } from '#src/environments/names'
import type { Failure } from '#src/problems/failure'
import { Problem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'
import type { ReplicatedSecret, SecretsPort, WriteResult } from './port.ts'
import type { SecretMetadata } from './secret.ts'

/** A call that AWS refuses if it has already carried it out. The SDK may nevertheless repeat it, after a lost reply. */
interface Repeatable<Result> {
  call: AwsCall
  name: SecretName
  operation: string
  carryOut: () => Promise<Result>
  /** Returns the result of the call if the secret is in the state that the call asks for, otherwise undefined. */
  resultIn: (secret: SecretMetadata) => Result | undefined
}

/**
 * The problems that mean that AWS refused a call because of the state of the secret. Any other problem, such as a denial, says
 * nothing about an earlier attempt.
 */
const refusals: ReadonlySet<string> = new Set(['aws-refused', 'secret-pending-deletion', 'rotation-in-progress', 'version-not-found'])

/** The maximum difference between AWS's clock and the gateway's. If it were larger, AWS would refuse the gateway's requests. */
const clockDifference = 5 * 60 * 1000

const day = 24 * 60 * 60 * 1000

/**
 * Wraps a port so that a call does not fail only because AWS has carried it out already. If a reply is lost, the SDK repeats the
 * call, and AWS refuses some operations the second time. The state of the secret then shows whether an earlier attempt was
 * carried out.
 *
 * The other operations are not wrapped. AWS either recognizes a repetition by its `ClientRequestToken`, or allows it anyway.
 */
export function confirmRepeats (port: SecretsPort): SecretsPort {
  async function confirmed<Result> ({ call, name, operation, carryOut, resultIn }: Repeatable<Result>): Promise<Result> {
    try {
      return await carryOut()
    } catch (error) {
      if (!(error instanceof Problem) || error.options.repeated !== true || !refusals.has(error.code)) throw error
      const result = resultIn(await describe(call, name, operation))
      if (result === undefined) throw error
      return result
    }
  }

  async function describe (call: AwsCall, name: SecretName, operation: string): Promise<SecretMetadata> {
    try {
      return await port.describeSecret(call, name)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      const failure: Failure = { operation, cause: 'broken-off', effect: 'unknown' }
      throw new Problem('aws-unavailable', { ...error.options, failure })
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
    async deleteSecret (call, name, deletion) {
      const earliest = Date.now() - clockDifference
      return confirmed({
        call,
        name,
        operation: 'DeleteSecret',
        carryOut: async () => port.deleteSecret(call, name, deletion),
        resultIn ({ arn, deletedDate }) {
          // An earlier deletion may have a different recovery window, so it does not count as a success of this call.
          if (deletedDate === undefined || 'force' in deletion || deletedDate.getTime() < earliest) return undefined
          return { name, arn, deletionDate: new Date(deletedDate.getTime() + deletion.recoveryWindowInDays * day) }
        }
      })
    },
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

const writtenIn = ({ name, arn }: SecretMetadata): WriteResult => ({ name, arn })

const replicatedIn = ({ name, arn, replicas }: SecretMetadata): ReplicatedSecret => compact({ name, arn, replicas })

/** Returns true if the secret has the replica, encrypted with the wanted KMS key. */
const isReplicated = ({ region, kmsKeyId }: { region: string, kmsKeyId?: string }, { replicas = [] }: SecretMetadata): boolean =>
  replicas.some((replica) => replica.region === region && replica.status !== 'Failed' &&
    (kmsKeyId === undefined || replica.kmsKeyId === kmsKeyId))

const isIn = (region: string, { replicas = [] }: SecretMetadata): boolean => replicas.some((replica) => replica.region === region)

const isReplica = ({ environment }: AwsCall, { primaryRegion }: SecretMetadata): boolean =>
  primaryRegion !== undefined && primaryRegion !== environment.region
