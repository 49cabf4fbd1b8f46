import type { VersionSelector } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'
import type { PendingDeletion } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { isProblem, Problem } from '#src/problems/problem'
import { versionMissing } from './empty-versions.ts'
import type { SecretValue } from './schemas.ts'
import type { Scope } from './scope.ts'
import { selectField, selectJson } from './value.ts'

export type { ReadSecret } from '#src/aws/secret'

export interface ReadOptions extends VersionSelector {
  /** The field to select from a JSON value: a key, or a JSON pointer. */
  field?: string
  /** True to return the value's JSON as well. */
  parse?: boolean
  /** `absent` to treat a secret that is scheduled for deletion as one that does not exist. */
  pendingDeletion?: PendingDeletion
}

/** A version of a secret that was read, and its JSON if requested. */
export interface ReadResult extends ReadSecret {
  /** The JSON text of the value, or of the selected field. */
  json?: string
}

/**
 * Reads a version of a secret, or one field of it.
 *
 * @throws Problem `secret-has-no-value` if the current version is requested, but the secret is a placeholder
 * @throws Problem `secret-not-found` instead of `secret-pending-deletion` if `pendingDeletion` is `absent`
 * @throws Problem `version-has-no-value` if the requested version exists, but has no value
 * @throws Problem the problems of `selectField` and `selectJson`, and any AWS error
 */
export async function readSecret (scope: Scope, name: SecretName, options: ReadOptions = {}): Promise<ReadResult> {
  const { versionId, versionStage, field, parse = false, pendingDeletion } = options
  try {
    const secret = await scope.aws.getSecretValue(scope, name, { versionId, versionStage })
    const { content } = secret
    const selected = field === undefined ? secret : { ...secret, content: selectField(content, field) }
    return parse ? { ...selected, json: selectJson(content, field) } : selected
  } catch (error) {
    if (pendingDeletion === 'absent' && isProblem(error, 'secret-pending-deletion')) throw new Problem('secret-not-found', error.options)
    const isForCurrent = versionId === undefined && (versionStage ?? 'AWSCURRENT') === 'AWSCURRENT'
    if (!isForCurrent) throw await versionMissing(scope, name, { versionId, versionStage }, error)
    throw error instanceof Problem ? currentMissing(error) : error
  }
}

/**
 * Converts a problem that occurred while reading the current version. `version-not-found` becomes `secret-has-no-value`, because
 * a secret without a current version is a placeholder. Other problems are returned unchanged.
 */
export const currentMissing = (problem: Problem): Problem =>
  problem.code === 'version-not-found' ? new Problem('secret-has-no-value', problem.options) : problem

/** Returns the JSON form of a version with its value. It does not contain the value's own JSON. */
export function toSecretValue ({ name, arn, versionId, versionStages, createdDate, content }: ReadResult): SecretValue {
  const isText = typeof content === 'string'
  return {
    name,
    arn,
    versionId,
    versionStages,
    createdDate: createdDate.toISOString(),
    encoding: isText ? 'text' : 'base64',
    value: isText ? content : Buffer.from(content).toString('base64')
  }
}
