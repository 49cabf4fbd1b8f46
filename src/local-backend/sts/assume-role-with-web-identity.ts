import { beginSession } from './begin-session.ts'
import type { StsContext } from './context.ts'
import { stsErrors } from './errors.ts'
import { providerArn } from './identity-providers.ts'
import type { StsInput } from './model.ts'
import { assertTrustsIdentity } from './trust.ts'
import type { Content } from './xml.ts'

/** Starts a role session for the identity in an identity provider's token. The request needs no signature. */
export async function assumeRoleWithWebIdentity (input: StsInput<'AssumeRoleWithWebIdentity'>, context: StsContext): Promise<Content> {
  const identity = await context.identityProviders.verify(input.WebIdentityToken, context.now)
  const role = context.roles.get(input.RoleArn)
  if (role === undefined) throw stsErrors.webIdentityDenied('AssumeRoleWithWebIdentity')
  const provider = providerArn(role, identity.issuer)
  const requested = { ...input, SourceIdentity: identity.sourceIdentity }
  assertTrustsIdentity(role, provider, identity, requested)
  return {
    SubjectFromWebIdentityToken: identity.subject,
    Audience: identity.audience,
    Provider: provider,
    ...beginSession(context, role, requested)
  }
}
