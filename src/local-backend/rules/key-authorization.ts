import type { KmsPermission } from '#src/aws-model/permissions'
import { errors } from '#src/aws-protocol/errors'
import { refusalOf } from '#src/local-backend/policies/evaluate'
import type { Scope } from '#src/local-backend/scope'
import type { Store } from '#src/local-backend/store/store'
import { callerEntries, contextOf } from './condition-context.ts'
import type { Caller } from './context.ts'
import { aliasesOf } from './kms-key.ts'

/** The use of a key on behalf of a caller. Without a caller, the backend itself uses the key, for example for a replication. */
interface KeyUse {
  readonly store: Store
  readonly scope: Scope
  readonly now?: number
  readonly caller?: Caller
}

/**
 * Checks that the caller's identity policies, and its session policy, allow all of the actions on a customer managed key. The
 * key's own policy is not modelled: it delegates to the identity policies of its account, as the default key policy does. An AWS
 * managed key needs no permission.
 *
 * @param arn the key's ARN
 * @throws AwsError `AccessDeniedException`
 */
export function authorizeKey (
  { store, scope, now = 0, caller }: KeyUse, arn: string, ...actions: readonly KmsPermission[]
): void {
  if (caller === undefined) return
  const { principal } = caller
  const [, , , region = '', ownerId = ''] = arn.split(':')
  const context = contextOf([
    ...callerEntries(caller, { now, region: scope.region, ownerId }),
    ['kms:ViaService', `secretsmanager.${region}.amazonaws.com`],
    ['kms:ResourceAliases', aliasesOf(store, arn)]
  ])
  const { identityPolicies, session } = principal
  const parties = { identityPolicies, sessionPolicy: session?.policy, resourcePolicy: undefined, sameAccount: true }
  const request = { requester: principal, resource: arn, context }
  if (actions.some((action) => refusalOf(parties, { ...request, action }) !== undefined)) throw errors.kmsNotAllowed()
}
