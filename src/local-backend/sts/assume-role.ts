import { rootArn } from '#src/local-backend/principal'
import { beginSession } from './begin-session.ts'
import type { SignedContext } from './context.ts'
import { stsErrors } from './errors.ts'
import { defaultDuration, type StsInput } from './model.ts'
import { assertMayAssume } from './trust.ts'
import type { Content } from './xml.ts'

/**
 * Starts a role session for the signer of the request. A nonexistent role causes the same error as a role that does not trust the
 * caller, so callers can't probe for roles.
 */
export function assumeRole (input: StsInput<'AssumeRole'>, context: SignedContext): Content {
  const { principal: { arn, accountId, session } } = context.caller
  if (arn === rootArn(accountId)) throw stsErrors.rootAccount()
  const role = context.roles.get(input.RoleArn)
  if (role === undefined) throw stsErrors.accessDenied(arn, 'AssumeRole', input.RoleArn, '')

  // With role chaining, the new session inherits the source identity of the caller's session.
  const requested = { ...input, SourceIdentity: session?.sourceIdentity ?? input.SourceIdentity }
  if (input.SourceIdentity !== undefined && input.SourceIdentity !== requested.SourceIdentity) {
    throw stsErrors.accessDenied(arn, 'SetSourceIdentity', role.arn, '')
  }
  assertMayAssume(context, role, requested)
  if (session !== undefined && (input.DurationSeconds ?? defaultDuration) > defaultDuration) throw stsErrors.chainedTooLong()
  return beginSession(context, role, requested)
}
