import type { StsContext } from './context.ts'
import { stsErrors } from './errors.ts'
import { usualDuration } from './model.ts'
import type { KnownRole } from './roles.ts'
import { packedSize } from './session-policy.ts'
import { sessionArn, sessionId } from './sessions.ts'
import type { Content } from './xml.ts'

/** Bytes that AWS lets a session token have. */
const longestToken = 4096

interface Asked {
  RoleSessionName: string
  DurationSeconds?: number
  Policy?: string
  SourceIdentity?: string | undefined
}

/**
 * Begins the session of a role that may be assumed, and gives what the answers of all operations have that begin one. Throws
 * ValidationError if it is to last longer than the role lets it, MalformedPolicyDocument or PackedPolicyTooLarge.
 */
export function beginSession ({ sessions }: StsContext, role: KnownRole, asked: Asked): Record<string, Content | undefined> {
  const { RoleSessionName: name, DurationSeconds: duration = usualDuration } = asked
  const { Policy: policy, SourceIdentity: sourceIdentity } = asked
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
    SessionTokenUtilization: Math.ceil(sessionToken.length / longestToken * 100),
    SourceIdentity: sourceIdentity
  }
}
