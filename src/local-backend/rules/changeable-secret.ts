import { errors } from '#src/aws-protocol/errors'
import type { Secret } from '#src/local-backend/store/secrets'
import type { CallContext, OperationContext } from './context.ts'
import { findActiveSecret } from './secret-id.ts'

/** As `findActiveSecret`, for an operation that AWS refuses on a replica, which follows its primary and is changed there. */
export function findPrimarySecret (context: OperationContext, secretId: string): Secret {
  const secret = findActiveSecret(context, secretId)
  checkPrimary(secret)
  return secret
}

/** As `findPrimarySecret`, for an operation that AWS also refuses on a secret that one of its services manages. */
export function findChangeableSecret (context: CallContext, secretId: string): Secret {
  const secret = findActiveSecret(context, secretId)
  checkChangeable(context, secret)
  return secret
}

/** Throws InvalidParameterException for a replica, and what `checkOwner` throws. */
export function checkChangeable (context: CallContext, secret: Secret): void {
  checkPrimary(secret)
  checkOwner(context, secret)
}

/** Throws InvalidRequestException for a secret that an AWS service manages, unless it is that service who asks. */
export function checkOwner ({ caller }: CallContext, { owningService }: Secret): void {
  if (owningService !== null && owningService !== caller.principal.service) throw errors.managedByService()
}

function checkPrimary ({ primaryId }: Secret): void {
  if (primaryId !== null) throw errors.replicaNotChangeable()
}
