import { errors } from '#src/aws-protocol/errors'
import type { Secret } from '#src/local-backend/store/secrets'
import type { CallContext, OperationContext } from './context.ts'
import { findActiveSecret } from './secret-id.ts'

/**
 * Does the same as `findActiveSecret`, but rejects a replica in another region, because its tags and resource policies are copies
 * of its primary secret's. A replica in another account is not rejected, because it has its own tags and policies.
 */
export function findWithOwnPolicies (context: OperationContext, secretId: string): Secret {
  const secret = findActiveSecret(context, secretId)
  checkNoRegionalReplica(secret)
  return secret
}

/**
 * Does the same as `findWithOwnPolicies`, but also rejects secrets that are managed by an AWS service, unless that service is the
 * caller.
 */
export function findTaggableSecret (context: CallContext, secretId: string): Secret {
  const secret = findWithOwnPolicies(context, secretId)
  checkOwner(context, secret)
  return secret
}

/**
 * Does the same as `findActiveSecret`, but rejects replicas. AWS allows some changes to a replica only through its primary
 * secret.
 */
export function findPrimarySecret (context: OperationContext, secretId: string): Secret {
  const secret = findActiveSecret(context, secretId)
  checkPrimary(secret)
  return secret
}

/**
 * Does the same as `findPrimarySecret`, but also rejects secrets that are managed by an AWS service, unless that service is the
 * caller.
 */
export function findChangeableSecret (context: CallContext, secretId: string): Secret {
  const secret = findActiveSecret(context, secretId)
  checkChangeable(context, secret)
  return secret
}

/**
 * Checks that a secret is not a replica, and that it is not managed by an AWS service other than the caller.
 *
 * @throws AwsError `InvalidParameterException` for a replica; the errors of `checkOwner`
 */
export function checkChangeable (context: CallContext, secret: Secret): void {
  checkPrimary(secret)
  checkOwner(context, secret)
}

/**
 * Checks that a secret is not managed by an AWS service other than the caller.
 *
 * @throws AwsError `InvalidRequestException` if an AWS service other than the caller manages the secret
 */
export function checkOwner ({ caller }: CallContext, { owningService }: Secret): void {
  if (owningService !== null && owningService !== caller.principal.service) throw errors.managedByService()
}

function checkPrimary (secret: Secret): void {
  checkNoRegionalReplica(secret)
  if (secret.crossAccountPrimaryArn !== null) throw errors.crossAccountReplicaNotChangeable()
}

function checkNoRegionalReplica ({ primaryId }: Secret): void {
  if (primaryId !== null) throw errors.replicaNotChangeable()
}
