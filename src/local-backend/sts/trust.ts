import { findingOf, refusalOf, type PolicyRequest, type Refusal } from '#src/local-backend/policies/evaluate'
import { contextOf, callerEntries, type Entry } from '#src/local-backend/rules/condition-context'
import type { SignedContext } from './context.ts'
import { stsErrors } from './errors.ts'
import type { WebIdentity } from './identity-providers.ts'
import type { KnownRole } from './roles.ts'

/** The parameters of a requested session that policies can refer to in conditions. */
export interface NewSession {
  RoleSessionName: string
  ExternalId?: string
  SourceIdentity?: string | undefined
}

const denials: Partial<Record<Refusal, string>> = {
  'denied-by-identity': ' with an explicit deny in an identity-based policy',
  'denied-by-session': ' with an explicit deny in a session policy',
  'denied-by-resource': ' with an explicit deny in a resource-based policy'
}

const sessionEntries = ({ RoleSessionName, ExternalId, SourceIdentity }: NewSession): Entry[] => [
  ['sts:RoleSessionName', RoleSessionName],
  ['sts:ExternalId', ExternalId],
  ['sts:SourceIdentity', SourceIdentity]
]

/** Returns the actions that policies must allow for a session to start. Setting a source identity is a separate action. */
const actionsFor = <Action extends string>(action: Action, { SourceIdentity }: NewSession): (Action | 'SetSourceIdentity')[] =>
  SourceIdentity === undefined ? [action] : [action, 'SetSourceIdentity']

/**
 * Checks that the caller may assume a role:
 * - The role's trust policy must allow the caller itself, or the caller's account as a whole.
 * - The caller's own policies must allow it, too. This is not needed if the caller and the role belong to the same account and
 *   the trust policy allows the caller itself.
 *
 * Access to a secret in the same account is less strict: there, the caller's own policies are enough.
 *
 * @throws StsError `AccessDenied`
 */
export function assertMayAssume (context: SignedContext, role: KnownRole, requested: NewSession): void {
  const { caller: { principal }, now, region } = context
  const entries = [...callerEntries(context.caller, { now, region, ownerId: role.accountId }), ...sessionEntries(requested)]
  for (const action of actionsFor('AssumeRole', requested)) {
    const refusal = refusalFor(role, {
      requester: principal, action: `sts:${action}`, resource: role.arn, context: contextOf(entries)
    })
    if (refusal !== undefined) throw stsErrors.accessDenied(principal.arn, action, role.arn, denials[refusal] ?? '')
  }

  function refusalFor ({ trustPolicy, accountId }: KnownRole, request: PolicyRequest): Refusal | undefined {
    if (findingOf([trustPolicy], request) === 'Nothing') return 'not-allowed-by-resource'
    const { identityPolicies, session } = principal
    const sameAccount = accountId === principal.accountId
    return refusalOf({ identityPolicies, sessionPolicy: session?.policy, resourcePolicy: trustPolicy, sameAccount }, request)
  }
}

/**
 * Checks that a role trusts an identity whose token has been verified.
 *
 * @throws StsError `AccessDenied`, whose message does not include the reason
 */
export function assertTrustsIdentity (role: KnownRole, provider: string, identity: WebIdentity, requested: NewSession): void {
  const keys = identity.issuer.replace(/^https?:\/\//, '')
  const context = contextOf([
    ...sessionEntries(requested),
    ['aws:FederatedProvider', provider],
    [`${keys}:sub`, identity.subject],
    [`${keys}:aud`, identity.audience]
  ])
  for (const action of actionsFor('AssumeRoleWithWebIdentity', requested)) {
    // In AWS, the caller's only identity is the provider's ARN. The caller does not belong to any account.
    const requester = { arn: provider, accountId: '' }
    const finding = findingOf([role.trustPolicy], { requester, action: `sts:${action}`, resource: role.arn, context })
    if (finding !== 'Allow') throw stsErrors.webIdentityDenied(action)
  }
}
