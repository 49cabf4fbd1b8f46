import { answered } from '../aws/errors.ts'
import { compact } from '../compact.ts'
import type { SecretName } from '../environments/names.ts'
import type { WrittenSecret } from './schemas.ts'

/** What AWS says it has written. */
export const written = (name: SecretName, reply: { ARN?: string | undefined, VersionId?: string | undefined }): WrittenSecret =>
  compact({ name, arn: answered(reply.ARN), versionId: reply.VersionId })
