import type { Operation } from '#src/aws-model/shapes'
import type { Input } from '#src/aws-protocol/input'
import type { SecretName } from '#src/environments/names'
import { promoteReplica } from '#src/secrets/replicas'
import type { Scope } from '#src/secrets/scope'
import { restoreSecret } from '#src/secrets/deletion'
import { batchGetSecretValue } from './batch.ts'
import type { EndpointCall } from './call.ts'
import type { EndpointContext, OnEnvironment, OnSecret } from './context.ts'
import { listSecrets, listSecretVersionIds } from './lists.ts'
import { describeSecret, getSecretValue } from './values.ts'
import { bodyOf, sendVerbatim, onOneSecret } from './verbatim.ts'
import {
  createSecret, deleteSecret, moveStage, putPolicy, putSecretValue, removeReplicas, replicate, rotateSecret, tagResource,
  untagResource, updateSecret, withRecoveryWindow, withSettings
} from './writes.ts'

/**
 * Creates an operation that makes one call to the port or to a use case. AWS receives the request's input, and the client
 * receives AWS's reply, both unchanged.
 *
 * @param inputFor adds the environment's settings to the request's input
 */
const passedOn = <Name extends Operation>(
  operation: Name,
  carryOut: (scope: Scope, name: SecretName, input: Input<Name>) => Promise<unknown>,
  inputFor: (scope: Scope, input: Input<Name>) => object = (_scope, input) => input
): OnSecret<Name> => async ({ scope, reportVersion }, secret, input) => {
  const work = async (own: Scope, name: SecretName): Promise<unknown> => carryOut(own, name, input)
  const outcome = await onOneSecret(scope, operation, secret, inputFor(scope, input), work)
  const { versionId } = Object(outcome.result) as { versionId?: string }
  reportVersion(versionId)
  return bodyOf(scope, outcome)
}

const onSecret = {
  CancelRotateSecret: passedOn('CancelRotateSecret', async (scope, name) => scope.aws.cancelRotateSecret(scope, name)),
  CreateSecret: passedOn('CreateSecret', createSecret, withSettings),
  DeleteResourcePolicy: passedOn('DeleteResourcePolicy', async (scope, name) => scope.aws.deleteResourcePolicy(scope, name)),
  DeleteSecret: passedOn('DeleteSecret', deleteSecret, withRecoveryWindow),
  DescribeSecret: describeSecret,
  GetResourcePolicy: passedOn('GetResourcePolicy', async (scope, name) => scope.aws.getResourcePolicy(scope, name)),
  GetSecretValue: getSecretValue,
  ListSecretVersionIds: listSecretVersionIds,
  PutResourcePolicy: passedOn('PutResourcePolicy', putPolicy),
  PutSecretValue: passedOn('PutSecretValue', putSecretValue),
  RemoveRegionsFromReplication: passedOn('RemoveRegionsFromReplication', removeReplicas),
  ReplicateSecretToRegions: passedOn('ReplicateSecretToRegions', replicate),
  RestoreSecret: passedOn('RestoreSecret', restoreSecret),
  RotateSecret: passedOn('RotateSecret', rotateSecret),
  StopReplicationToReplica: passedOn('StopReplicationToReplica', promoteReplica),
  TagResource: passedOn('TagResource', tagResource),
  UntagResource: passedOn('UntagResource', untagResource),
  UpdateSecret: passedOn('UpdateSecret', updateSecret),
  UpdateSecretVersionStage: passedOn('UpdateSecretVersionStage', moveStage),
  ValidateResourcePolicy: passedOn('ValidateResourcePolicy', async (scope, name, { ResourcePolicy: policy }) =>
    scope.aws.validateResourcePolicy(scope, name, policy))
} as const satisfies { [Name in Operation]?: OnSecret<Name> }

const onEnvironment = {
  BatchGetSecretValue: batchGetSecretValue,
  GetRandomPassword: async ({ scope }, input) => {
    const { body = '' } = await sendVerbatim(scope, 'GetRandomPassword', () => input, async (own) => own.aws.getRandomPassword(own, {}))
    return body
  },
  ListSecrets: listSecrets
} as const satisfies { [Name in Operation]?: OnEnvironment<Name> }

/** Returns true if an operation applies to one secret. */
export const isOnSecret = (operation: Operation): operation is keyof typeof onSecret => Object.hasOwn(onSecret, operation)

/** Carries out a call, and returns the body of the reply. @throws Problem for which `faultOf` has AWS's error */
export async function carryOut (context: EndpointContext, { operation, input, secret }: EndpointCall): Promise<string> {
  // The input has been validated against the operation's model, but the compiler can't tell that from the types.
  if (!isOnSecret(operation)) return onEnvironment[operation](context, input)
  if (secret === undefined) throw new TypeError(`${operation} needs a secret`)
  return onSecret[operation](context, secret, input as never)
}
