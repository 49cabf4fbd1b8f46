import type { Operation } from '#src/aws-model/shapes'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { refusalOf, type PolicyRequest, type Refusal } from '#src/local-backend/policies/evaluate'
import type { Policy } from '#src/local-backend/policies/policy'
import type { Scope } from '#src/local-backend/scope'
import type { Secret } from '#src/local-backend/store/secrets'
import { conditionContext, type AskedInput } from './condition-context.ts'
import type { CallContext } from './context.ts'
import { resourcePolicyOf } from './resource-policy.ts'
import { expectedArn, lookUp, scopeIn } from './secret-id.ts'

/** What a request is about. */
interface Target {
  /** The account and region that have the secret, or would have it. */
  owner: Scope
  secret: Secret | undefined
  /** As policies name it. */
  resource: string
  /** As an error names it; undefined where there is nothing to be named. */
  shown: string | undefined
}

/** The other operations that an operation is to the caller, and that have to be allowed too: AWS's documentation lists them. */
const alsoNeeded: { [Name in Operation]?: (input: Input<Name>) => readonly Operation[] } = {
  BatchGetSecretValue: ({ Filters }) => Filters === undefined ? [] : ['ListSecrets'],
  CreateSecret: ({ Tags = [], AddReplicaRegions = [] }) => [
    ...Tags.length > 0 ? ['TagResource' as const] : [],
    ...AddReplicaRegions.length > 0 ? ['ReplicateSecretToRegions' as const] : []
  ],
  ValidateResourcePolicy: () => ['PutResourcePolicy']
}

/**
 * Makes out whether policies let the caller carry out an operation, and gives the context to carry it out with: only there can
 * a secret of another account be found.
 *
 * Throws AccessDeniedException if they don't, whether or not there is such a secret: who may not ask is not told.
 */
export function authorize<Name extends Operation> (context: CallContext, operation: Name, input: Input<Name>): CallContext {
  const { arn } = context.caller.principal
  const target = targetOf(context, input)
  const policy = target.secret && resourcePolicyOf(context.store, target.secret)
  for (const needed of [operation, ...alsoNeeded[operation]?.(input) ?? []]) {
    const refusal = refusalFor(context, needed, input, target, policy)
    if (refusal !== undefined) throw errors.accessDenied(arn, needed, target.shown, reasons[refusal](needed))
  }
  return { ...context, foreign: isForeign(context, target) ? target.owner : undefined }
}

/** Whether the caller could still change a secret's policy if it were this one; without a secret ID, that of any secret. */
export function keepsCallerIn (context: CallContext, secretId: string | undefined, policy: Policy): boolean {
  const input = secretId === undefined ? {} : { SecretId: secretId }
  return refusalFor(context, 'PutResourcePolicy', input, targetOf(context, input), policy) === undefined
}

function refusalFor (
  context: CallContext, operation: Operation, input: AskedInput, target: Target, resourcePolicy: Policy | undefined
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

/** Of another account only the secrets in the signature's own region are within reach. */
function targetOf (context: CallContext, { SecretId, Name }: AskedInput): Target {
  const { scope } = context
  if (SecretId === undefined) {
    return { owner: scope, secret: undefined, resource: Name === undefined ? '*' : expectedArn(scope, Name), shown: Name }
  }
  const named = scopeIn(SecretId)
  if (named !== undefined && named.accountId !== scope.accountId) {
    const secret = named.region === scope.region ? lookUp(context, named, SecretId) : undefined
    // Another account's ARN is shown as it was given: the rest of it would tell that there is such a secret.
    return { owner: named, secret, resource: secret?.arn ?? SecretId, shown: SecretId }
  }
  const secret = lookUp(context, scope, SecretId)
  if (secret !== undefined) return { owner: scope, secret, resource: secret.arn, shown: secret.arn }
  return { owner: scope, secret, resource: SecretId.startsWith('arn:') ? SecretId : expectedArn(scope, SecretId), shown: SecretId }
}

/** In the words that AWS's documentation of IAM gives. */
const reasons: Record<Refusal, (operation: Operation) => string> = {
  'denied-by-identity': () => 'with an explicit deny in an identity-based policy',
  'denied-by-session': () => 'with an explicit deny in a session policy',
  'denied-by-resource': () => 'with an explicit deny in a resource-based policy',
  'not-allowed-by-identity': (operation) => `because no identity-based policy allows the secretsmanager:${operation} action`,
  'not-allowed-by-session': (operation) => `because no session policy allows the secretsmanager:${operation} action`,
  'not-allowed-by-resource': (operation) => `because no resource-based policy allows the secretsmanager:${operation} action`
}
