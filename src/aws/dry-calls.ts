import type { Operation } from '#src/aws-model/shapes'
import { deniedPermission, denialReason, type DenialReason } from './denial.ts'
import { isDefect, type AwsException } from './exception-rules.ts'
import type { SecretsManager } from './types.ts'

/** The secret and the region that a dry call names. */
export interface DryTarget {
  /**
   * The ARN of a secret that does not exist. A name would not work: without a secret of that name, AWS has no ARN to compare with
   * the resources in a policy.
   */
  readonly secretId: string
  /** A region other than that of the call. */
  readonly replicaRegion: string
}

/** The conclusion from AWS's answer to a dry call. */
export type DryReply =
  | { readonly verdict: 'allowed' }
  | { readonly verdict: 'denied', readonly permission: string, readonly reason?: DenialReason }
  | { readonly verdict: 'unclear', readonly answer: string }

/**
 * A valid policy that grants nothing. It forbids only an action that hardly anybody uses, in case a secret ever gets this policy.
 */
const grantsNothing = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 'secretsmanager:StopReplicationToReplica', Resource: '*' }]
})

const noVersion = '00000000-0000-0000-0000-000000000000'

type DryCall = (aws: SecretsManager, target: DryTarget, options: { abortSignal: AbortSignal }) => Promise<unknown>

/** The operations that can be tried without an effect. `CreateSecret` would create the secret. */
export type DryOperation = Exclude<Operation, 'CreateSecret'>

/**
 * Calls that change nothing and return no secret's value, because they name a secret that does not exist. AWS checks the caller's
 * permission before it looks for the secret, so its answer shows the permission. `DeleteSecret` has a recovery window, because a
 * deletion without one succeeds even if the secret does not exist.
 */
export const dryCalls: Readonly<Record<DryOperation, DryCall>> = {
  BatchGetSecretValue: async (aws, { secretId }, options) => aws.batchGetSecretValue({ SecretIdList: [secretId] }, options),
  CancelRotateSecret: async (aws, { secretId }, options) => aws.cancelRotateSecret({ SecretId: secretId }, options),
  DeleteResourcePolicy: async (aws, { secretId }, options) => aws.deleteResourcePolicy({ SecretId: secretId }, options),
  DeleteSecret: async (aws, { secretId }, options) => aws.deleteSecret({ SecretId: secretId, RecoveryWindowInDays: 30 }, options),
  DescribeSecret: async (aws, { secretId }, options) => aws.describeSecret({ SecretId: secretId }, options),
  GetRandomPassword: async (aws, _target, options) => aws.getRandomPassword({}, options),
  GetResourcePolicy: async (aws, { secretId }, options) => aws.getResourcePolicy({ SecretId: secretId }, options),
  GetSecretValue: async (aws, { secretId }, options) => aws.getSecretValue({ SecretId: secretId }, options),
  ListSecretVersionIds: async (aws, { secretId }, options) => aws.listSecretVersionIds({ SecretId: secretId }, options),
  ListSecrets: async (aws, _target, options) => aws.listSecrets({ MaxResults: 1 }, options),
  PutResourcePolicy: async (aws, { secretId }, options) =>
    aws.putResourcePolicy({ SecretId: secretId, ResourcePolicy: grantsNothing, BlockPublicPolicy: true }, options),
  PutSecretValue: async (aws, { secretId }, options) => aws.putSecretValue({ SecretId: secretId, SecretString: 'none' }, options),
  RemoveRegionsFromReplication: async (aws, { secretId, replicaRegion }, options) =>
    aws.removeRegionsFromReplication({ SecretId: secretId, RemoveReplicaRegions: [replicaRegion] }, options),
  ReplicateSecretToRegions: async (aws, { secretId, replicaRegion }, options) =>
    aws.replicateSecretToRegions({ SecretId: secretId, AddReplicaRegions: [{ Region: replicaRegion }] }, options),
  RestoreSecret: async (aws, { secretId }, options) => aws.restoreSecret({ SecretId: secretId }, options),
  RotateSecret: async (aws, { secretId }, options) => aws.rotateSecret({ SecretId: secretId }, options),
  StopReplicationToReplica: async (aws, { secretId }, options) => aws.stopReplicationToReplica({ SecretId: secretId }, options),
  TagResource: async (aws, { secretId }, options) =>
    aws.tagResource({ SecretId: secretId, Tags: [{ Key: 'none', Value: '' }] }, options),
  UntagResource: async (aws, { secretId }, options) => aws.untagResource({ SecretId: secretId, TagKeys: ['none'] }, options),
  UpdateSecret: async (aws, { secretId }, options) => aws.updateSecret({ SecretId: secretId, Description: 'none' }, options),
  UpdateSecretVersionStage: async (aws, { secretId }, options) =>
    aws.updateSecretVersionStage({ SecretId: secretId, VersionStage: 'none', RemoveFromVersionId: noVersion }, options),
  ValidateResourcePolicy: async (aws, { secretId }, options) =>
    aws.validateResourcePolicy({ SecretId: secretId, ResourcePolicy: grantsNothing }, options)
}

/** Returns true if the operation of this name can be tried without an effect. */
export const isDryOperation = (name: string): name is DryOperation => Object.hasOwn(dryCalls, name)

/**
 * Returns the conclusion from the outcome of a dry call.
 *
 * @param call settles with the SDK's reply or exception
 */
export async function dryReply (operation: DryOperation, call: Promise<unknown>): Promise<DryReply> {
  try {
    await call
    return { verdict: 'allowed' }
  } catch (error) {
    if (!(error instanceof Error) || isDefect(error)) throw error
    const { name, message, code }: AwsException = error
    if (name === 'ResourceNotFoundException') return { verdict: 'allowed' }
    if (name !== 'AccessDeniedException') return { verdict: 'unclear', answer: code ?? name }
    const reason = denialReason(message)
    return { verdict: 'denied', permission: deniedPermission(message, { operation }), ...reason !== undefined && { reason } }
  }
}
