import { answered } from '#src/aws/errors'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { WrittenSecret } from './schemas.ts'

/** What AWS says it has written. */
export const written = (name: SecretName, reply: { ARN?: string | undefined, VersionId?: string | undefined }): WrittenSecret =>
  compact({ name, arn: answered(reply.ARN), versionId: reply.VersionId })
