import { beginSession } from './begin-session.ts'
import type { StsContext } from './context.ts'
import { stsErrors } from './errors.ts'
import { providerArn } from './identity-providers.ts'
import type { StsInput } from './model.ts'
import { assertTrustsIdentity } from './trust.ts'
import type { Content } from './xml.ts'

/** Begins a role's session for whom an identity provider vouches for. Nobody has signed the request. */
export async function assumeRoleWithWebIdentity (input: StsInput<'AssumeRoleWithWebIdentity'>, context: StsContext): Promise<Content> {
  const identity = await context.identityProviders.verify(input.WebIdentityToken, context.now)
  const role = context.roles.get(input.RoleArn)
  if (role === undefined) throw stsErrors.webIdentityDenied('AssumeRoleWithWebIdentity')
  const provider = providerArn(role.accountId, identity.issuer)
  const asked = { ...input, SourceIdentity: identity.sourceIdentity }
  assertTrustsIdentity(role, provider, identity, asked)
  return {
    SubjectFromWebIdentityToken: identity.subject,
    Audience: identity.audience,
    Provider: provider,
    ...beginSession(context, role, asked)
  }
}
