import { findingOf, refusalOf, type PolicyRequest, type Refusal } from '#src/local-backend/policies/evaluate'
import { contextOf, ofCaller, type Entry } from '#src/local-backend/rules/condition-context'
import type { SignedContext } from './context.ts'
import { stsErrors } from './errors.ts'
import type { WebIdentity } from './identity-providers.ts'
import type { KnownRole } from './roles.ts'

/** What a request to assume a role says of the session, as far as policies look at it. */
export interface AskedSession {
  RoleSessionName: string
  ExternalId?: string
  SourceIdentity?: string | undefined
}

const denials: Partial<Record<Refusal, string>> = {
  'denied-by-identity': ' with an explicit deny in an identity-based policy',
  'denied-by-session': ' with an explicit deny in a session policy',
  'denied-by-resource': ' with an explicit deny in a resource-based policy'
}

const ofSession = ({ RoleSessionName, ExternalId, SourceIdentity }: AskedSession): Entry[] => [
  ['sts:RoleSessionName', RoleSessionName],
  ['sts:ExternalId', ExternalId],
  ['sts:SourceIdentity', SourceIdentity]
]

/** The actions that beginning a session is: one that tells who is behind it needs another right. */
const actionsFor = <Action extends string>(action: Action, { SourceIdentity }: AskedSession): (Action | 'SetSourceIdentity')[] =>
  SourceIdentity === undefined ? [action] : [action, 'SetSourceIdentity']

/**
 * Makes out whether a role trusts the caller, and the caller's own policies let it assume the role: unlike any other resource's,
 * a role's policy must allow it in any case. Throws AccessDenied.
 */
export function assertMayAssume (context: SignedContext, role: KnownRole, asked: AskedSession): void {
  const { caller: { principal }, now, region } = context
  const entries = [...ofCaller(context.caller, { now, region, ownerId: role.accountId }), ...ofSession(asked)]
  for (const action of actionsFor('AssumeRole', asked)) {
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

/** Makes out whether a role trusts whom an identity provider vouches for. Throws AccessDenied, which doesn't tell why. */
export function assertTrustsIdentity (role: KnownRole, provider: string, identity: WebIdentity, asked: AskedSession): void {
  const keys = identity.issuer.replace(/^https?:\/\//, '')
  const context = contextOf([
    ...ofSession(asked),
    ['aws:FederatedProvider', provider],
    [`${keys}:sub`, identity.subject],
    [`${keys}:aud`, identity.audience]
  ])
  for (const action of actionsFor('AssumeRoleWithWebIdentity', asked)) {
    // The caller is nobody in AWS but whom the provider's ARN stands for.
    const requester = { arn: provider, accountId: '' }
    const finding = findingOf([role.trustPolicy], { requester, action: `sts:${action}`, resource: role.arn, context })
    if (finding !== 'Allow') throw stsErrors.webIdentityDenied(action)
  }
}
