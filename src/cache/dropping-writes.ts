import { secretOf } from '#src/aws/caching'
import type { AwsCall } from '#src/aws/call'
import type { SecretsPort } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import type { Change } from './change.ts'

/** A write to one secret. */
type Write<Rest extends unknown[], Result> = (call: AwsCall, name: SecretName, ...rest: Rest) => Promise<Result>

/** The operations that change a secret's values, its labels, or who may read it. */
type Writes = Omit<SecretsPort, `${'batch' | 'describe' | 'get' | 'list' | 'may' | 'validate'}${string}`>

/**
 * The time for which a secret counts as settling after a write, in milliseconds. AWS is eventually consistent, and may still
 * carry out a write whose reply was lost. A rotation function works for some minutes after AWS has replied to the rotation, and
 * moves the labels at the end.
 */
export const settlingTimes = { write: 10_000, rotation: 5 * 60_000 } as const

/**
 * Wraps the writes of a port so that the next read goes to AWS, whatever the outcome of the write. Cached answers are dropped
 * before the write, which outdates them, and again afterwards, because another caller may have read the old value in the
 * meantime.
 *
 * @param apply called before and after the write with its change
 */
export function droppingWrites (port: SecretsPort, apply: (change: Change) => void): Writes {
  const dropping = <Rest extends unknown[], Result>(
    write: Write<Rest, Result>, settlingTime: number = settlingTimes.write
  ): Write<Rest, Result> => async (call, name, ...rest) => {
    const secret = secretOf(call, name)
    apply({ secret, settlingTime, isMade: false })
    return write(call, name, ...rest).finally(() => { apply({ secret, settlingTime, isMade: true }) })
  }

  return {
    cancelRotateSecret: dropping(port.cancelRotateSecret),
    createSecret: dropping(port.createSecret),
    deleteResourcePolicy: dropping(port.deleteResourcePolicy),
    deleteSecret: dropping(port.deleteSecret),
    putResourcePolicy: dropping(port.putResourcePolicy),
    putSecretValue: dropping(port.putSecretValue),
    removeRegionsFromReplication: dropping(port.removeRegionsFromReplication),
    replicateSecretToRegions: dropping(port.replicateSecretToRegions),
    restoreSecret: dropping(port.restoreSecret),
    rotateSecret: dropping(port.rotateSecret, settlingTimes.rotation),
    stopReplicationToReplica: dropping(port.stopReplicationToReplica),
    tagResource: dropping(port.tagResource),
    untagResource: dropping(port.untagResource),
    updateSecret: dropping(port.updateSecret),
    updateSecretVersionStage: dropping(port.updateSecretVersionStage)
  }
}
