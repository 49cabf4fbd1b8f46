import type { Operation } from '#src/aws-model/shapes'
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

/** The operations that a caller must be allowed to use in addition to the requested one, according to AWS's documentation. */
const additionalOperations: { [Name in Operation]?: (input: Input<Name>) => readonly Operation[] } = {
  BatchGetSecretValue: ({ Filters }) => Filters === undefined ? [] : ['ListSecrets'],
  CreateSecret: ({ Tags = [], AddReplicaRegions = [] }) => [
    ...Tags.length > 0 ? ['TagResource' as const] : [],
    ...AddReplicaRegions.length > 0 ? ['ReplicateSecretToRegions' as const] : []
  ],
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
  const { arn } = context.caller.principal
  const target = targetOf(context, input)
  const policy = target.secret && resourcePolicyOf(context.store, target.secret)
  for (const needed of [operation, ...additionalOperations[operation]?.(input) ?? []]) {
    const refusal = refusalFor(context, needed, input, target, policy)
    if (refusal !== undefined) throw errors.accessDenied(arn, needed, target.shown, reasons[refusal](needed))
  }
  return { ...context, foreign: isForeign(context, target) ? target.owner : undefined }
}

/**
 * Returns true if the caller could still change the secret's policy after attaching `policy`. If `secretId` is undefined,
 * checks the permission for the resource `*`.
 */
export function callerKeepsAccess (context: CallContext, secretId: string | undefined, policy: Policy): boolean {
  const input = secretId === undefined ? {} : { SecretId: secretId }
  return refusalFor(context, 'PutResourcePolicy', input, targetOf(context, input), policy) === undefined
}

function refusalFor (
  context: CallContext, operation: Operation, input: PolicyInput, target: Target, resourcePolicy: Policy | undefined
): Refusal | undefined {
  const { principal } = context.caller
  const request: PolicyRequest = {
    requester: principal,
    action: `secretsmanager:${operation}`,
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
const reasons: Record<Refusal, (operation: Operation) => string> = {
  'denied-by-identity': () => 'with an explicit deny in an identity-based policy',
  'denied-by-session': () => 'with an explicit deny in a session policy',
  'denied-by-resource': () => 'with an explicit deny in a resource-based policy',
  'not-allowed-by-identity': (operation) => `because no identity-based policy allows the secretsmanager:${operation} action`,
  'not-allowed-by-session': (operation) => `because no session policy allows the secretsmanager:${operation} action`,
  'not-allowed-by-resource': (operation) => `because no resource-based policy allows the secretsmanager:${operation} action`
}
