import { rootArn } from '#src/local-backend/principal'
import { beginSession } from './begin-session.ts'
import type { SignedContext } from './context.ts'
import { stsErrors } from './errors.ts'
import { usualDuration, type StsInput } from './model.ts'
import { assertMayAssume } from './trust.ts'
import type { Content } from './xml.ts'

/** Begins a role's session for who has signed the request. Who may not assume a role is not told whether there is one. */
export function assumeRole (input: StsInput<'AssumeRole'>, context: SignedContext): Content {
  const { principal: { arn, accountId, session } } = context.caller
  if (arn === rootArn(accountId)) throw stsErrors.rootAccount()
  const role = context.roles.get(input.RoleArn)
  if (role === undefined) throw stsErrors.accessDenied(arn, 'AssumeRole', input.RoleArn, '')

  // Who is behind a session stays behind the sessions that it begins.
  const asked = { ...input, SourceIdentity: session?.sourceIdentity ?? input.SourceIdentity }
  if (input.SourceIdentity !== undefined && input.SourceIdentity !== asked.SourceIdentity) {
    throw stsErrors.accessDenied(arn, 'SetSourceIdentity', role.arn, '')
  }
  assertMayAssume(context, role, asked)
  if (session !== undefined && (input.DurationSeconds ?? usualDuration) > usualDuration) throw stsErrors.chainedTooLong()
  return beginSession(context, role, asked)
}
