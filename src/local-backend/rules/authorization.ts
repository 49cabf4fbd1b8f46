import type { NewerOperation as Operation } from '#src/aws-model/newer'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { refusalOf, type PolicyRequest, type Refusal } from '#src/local-backend/policies/evaluate'
import type { Policy } from '#src/local-backend/policies/policy'
import type { Scope } from '#src/local-backend/scope'
import type { Secret } from '#src/local-backend/store/secrets'
import { conditionContext, type PolicyInput } from './condition-context.ts'
import type { CallContext } from './context.ts'
import { resourcePolicyOf } from './resource-policy.ts'
import { expectedArn, lookUp, scopeIn } from './secret-id.ts'

/** The resource that a request refers to. */
interface Target {
  /** The account and region that the secret belongs to, or in which it would be created. */
  owner: Scope
  secret: Secret | undefined
  /** The resource that policies are evaluated against: an ARN, or `*` if the request names no secret. */
  resource: string
  /** The resource as error messages show it; undefined if the request names no secret. */
  shown: string | undefined
}

/** The name of a permission. Most permissions are named after an operation. */
type Permission = Operation | 'AcceptCrossAccountReplication'

/** The operations that a caller must be allowed to use in addition to the requested one, according to AWS's documentation. */
const additionalOperations: { [Name in Operation]?: (input: Input<Name>, secret: Secret | undefined) => readonly Operation[] } = {
  AssociateCrossAccountReplica: () => ['GetSecretValue'],
  BatchGetSecretValue: ({ Filters }) => Filters === undefined ? [] : ['ListSecrets'],
  CreateSecret: ({ Tags = [], AddReplicaRegions = [], CrossAccountPrimaryARN }) => [
    ...Tags.length > 0 ? ['TagResource' as const] : [],
    ...AddReplicaRegions.length > 0 ? ['ReplicateSecretToRegions' as const] : [],
    ...CrossAccountPrimaryARN === undefined ? [] : ['PutResourcePolicy' as const]
  ],
  // The operation deletes the resource policy that CreateSecret attached to the replica.
  StopReplicationToReplica: (_input, secret) => (secret?.crossAccountPrimaryArn ?? null) === null ? [] : ['DeleteResourcePolicy'],
  ValidateResourcePolicy: () => ['PutResourcePolicy']
}

/**
 * Checks that the policies allow the caller to carry out an operation. The operation must use the returned context, because
 * `findSecret` finds another account's secret only with that context.
 *
 * @throws AwsError `AccessDeniedException` if the policies don't allow the operation, even if the secret doesn't exist. Callers
 * without permission therefore can't find out which secrets exist.
 */
export function authorize<Name extends Operation> (context: CallContext, operation: Name, input: Input<Name>): CallContext {
  const target = targetOf(context, input)
  for (const needed of [operation, ...additionalOperations[operation]?.(input, target.secret) ?? []]) {
    check(context, `secretsmanager:${needed}`, { operation: needed, input, target })
  }
  return { ...context, foreign: isForeign(context, target) ? target.owner : undefined }
}

/**
 * Checks that the policies give the caller a permission for a second secret that the request refers to, such as a replica.
 *
 * @returns the second secret; undefined if it doesn't exist
 * @throws AwsError `AccessDeniedException` if the policies don't give the permission, even if the second secret doesn't exist
 */
export function authorizeOn (context: CallContext, permission: Permission, secretId: string): Secret | undefined {
  const input = { SecretId: secretId }
  const target = targetOf(context, input)
  check(context, `secretsmanager:${permission}`, { operation: permission, input, target })
  return target.secret
}

/**
 * Checks that the identity policies allow the caller to pass a role to Secrets Manager.
 *
 * @throws AwsError `AccessDeniedException`
 */
export function authorizePassRole (context: CallContext, roleArn: string): void {
  const target = { owner: context.scope, secret: undefined, resource: roleArn, shown: roleArn }
  check(context, 'iam:PassRole', { operation: 'AssociateCrossAccountReplica', input: {}, target })
}

/**
 * Checks that the identity policies allow the caller to invoke a rotation function, as AWS requires for configuring or starting a
 * rotation. The function's own policy is not modelled.
 *
 * @throws AwsError `AccessDeniedException`
 */
export function authorizeFunction (context: CallContext, functionArn: string): void {
  const target = { owner: context.scope, secret: undefined, resource: functionArn, shown: functionArn }
  check(context, 'lambda:InvokeFunction', { operation: 'RotateSecret', input: {}, target })
}

/** An operation that the caller needs a permission for, with its input and its target. */
interface Need {
  operation: Permission
  input: PolicyInput
  target: Target
}

/** @throws AwsError `AccessDeniedException` if the policies don't allow the action */
function check (context: CallContext, action: string, need: Need): void {
  const { target } = need
  const refusal = refusalFor(context, action, need, target.secret && resourcePolicyOf(context.store, target.secret))
  if (refusal === undefined) return
  throw errors.accessDenied(context.caller.principal.arn, action, target.shown, reasons[refusal](action))
}

/**
 * Returns true if the caller could still change the secret's policy after attaching `policy`. If `secretId` is undefined,
 * checks the permission for the resource `*`.
 */
export function callerKeepsAccess (context: CallContext, secretId: string | undefined, policy: Policy): boolean {
  const input = secretId === undefined ? {} : { SecretId: secretId }
  const target = targetOf(context, input)
  const policies = target.secret === undefined ? policy : resourcePolicyOf(context.store, target.secret, policy)
  const need = { operation: 'PutResourcePolicy', input, target } as const
  return refusalFor(context, 'secretsmanager:PutResourcePolicy', need, policies) === undefined
}

function refusalFor (
  context: CallContext, action: string, { operation, input, target }: Need, resourcePolicy: Policy | undefined
): Refusal | undefined {
  const { principal } = context.caller
  const request: PolicyRequest = {
    requester: principal,
    action,
    resource: target.resource,
    context: conditionContext(context, { operation, input, secret: target.secret, ownerId: target.owner.accountId })
  }
  const { identityPolicies, session } = principal
  const sameAccount = !isForeign(context, target)
  return refusalOf({ identityPolicies, sessionPolicy: session?.policy, resourcePolicy, sameAccount }, request)
}

function isForeign ({ caller }: CallContext, { owner }: Target): boolean {
  return owner.accountId !== caller.principal.accountId
}

/**
 * Returns the resource that a request refers to. Another account's secret is found only in the region that the request is signed
 * for.
 */
function targetOf (context: CallContext, { SecretId, Name }: PolicyInput): Target {
  const { scope } = context
  if (SecretId === undefined) {
    return { owner: scope, secret: undefined, resource: Name === undefined ? '*' : expectedArn(scope, Name), shown: Name }
  }
  const named = scopeIn(SecretId)
  if (named !== undefined && named.accountId !== scope.accountId) {
    const secret = named.region === scope.region ? lookUp(context, named, SecretId) : undefined
    // Errors show the ARN as the caller wrote it. If they completed a partial ARN, they would reveal that the other account's
    // secret exists.
    return { owner: named, secret, resource: secret?.arn ?? SecretId, shown: SecretId }
  }
  const secret = lookUp(context, scope, SecretId)
  if (secret !== undefined) return { owner: scope, secret, resource: secret.arn, shown: secret.arn }
  return { owner: scope, secret, resource: SecretId.startsWith('arn:') ? SecretId : expectedArn(scope, SecretId), shown: SecretId }
}

/** The reasons in `AccessDeniedException` messages, worded as in IAM's documentation. */
const reasons: Record<Refusal, (action: string) => string> = {
  'denied-by-identity': () => 'with an explicit deny in an identity-based policy',
  'denied-by-session': () => 'with an explicit deny in a session policy',
  'denied-by-resource': () => 'with an explicit deny in a resource-based policy',
  'not-allowed-by-identity': (action) => `because no identity-based policy allows the ${action} action`,
  'not-allowed-by-session': (action) => `because no session policy allows the ${action} action`,
  'not-allowed-by-resource': (action) => `because no resource-based policy allows the ${action} action`
}
