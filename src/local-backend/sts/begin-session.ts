import type { StsContext } from './context.ts'
import { stsErrors } from './errors.ts'
import { defaultDuration } from './model.ts'
import type { KnownRole } from './roles.ts'
import { packedSize } from './session-policy.ts'
import { sessionArn, sessionId } from './sessions.ts'
import type { Content } from './xml.ts'

/** AWS's maximum size of a session token, in bytes. */
const maxTokenSize = 4096

interface NewSession {
  RoleSessionName: string
  DurationSeconds?: number
  Policy?: string
  SourceIdentity?: string | undefined
}

/**
 * Starts a session of a role, without checking whether the caller is allowed to assume it. Returns the members that the replies
 * of AssumeRole and AssumeRoleWithWebIdentity share.
 *
 * @throws StsError `ValidationError` if the session would exceed the role's maximum duration
 * @throws StsError `MalformedPolicyDocument` or `PackedPolicyTooLarge`
 */
export function beginSession ({ sessions }: StsContext, role: KnownRole, input: NewSession): Record<string, Content | undefined> {
  const { RoleSessionName: name, DurationSeconds: duration = defaultDuration } = input
  const { Policy: policy, SourceIdentity: sourceIdentity } = input
  if (duration > role.maxSessionDuration) throw stsErrors.durationTooLong()
  const PackedPolicySize = packedSize(policy)
  const { accessKeyId, secretAccessKey, sessionToken, expires } = sessions.begin({ role, name, sourceIdentity, policy, duration })
  return {
    AssumedRoleUser: { AssumedRoleId: sessionId(role, name), Arn: sessionArn(role, name) },
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(expires).toISOString().replace('.000', '')
    },
    PackedPolicySize,
    SessionTokenSize: sessionToken.length,
    SessionTokenUtilization: Math.ceil(sessionToken.length / maxTokenSize * 100),
    SourceIdentity: sourceIdentity
  }
}
