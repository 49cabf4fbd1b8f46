import { answered } from '#src/aws/errors'
import type { SecretValueEntry } from '#src/aws/types'
import { toAwsName, type SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import type { SecretValue } from './schemas.ts'
import type { Scope } from './scope.ts'
import { selectField } from './value.ts'

/** A version of a secret: what is known about it, and its text or bytes. */
export interface ReadSecret extends Omit<SecretValue, 'value' | 'encoding'> {
  content: string | Uint8Array
}

export interface ReadOptions {
  versionId?: string
  versionStage?: string
  /** One key of a value that is a JSON object. */
  field?: string
}

/** @throws Problem `secret-has-no-value` for a placeholder, and as AWS answers */
export async function readSecret (scope: Scope, name: SecretName, options: ReadOptions = {}): Promise<ReadSecret> {
  const { versionId, versionStage, field } = options
  try {
    const reply = await scope.aws.getSecretValue({
      SecretId: toAwsName(scope.environment, name),
      VersionId: versionId,
      VersionStage: versionStage
    })
    const secret = secretFrom(name, reply)
    return field === undefined ? secret : { ...secret, content: selectField(secret.content, field) }
  } catch (error) {
    const asksForCurrent = versionId === undefined && (versionStage ?? 'AWSCURRENT') === 'AWSCURRENT'
    throw asksForCurrent && error instanceof Problem ? currentMissing(error) : error
  }
}

/** A secret without a current version is a placeholder: AWS only says that it has no such version. */
export const currentMissing = (problem: Problem): Problem =>
  problem.code === 'version-not-found' ? new Problem('secret-has-no-value', problem.options) : problem

/** A secret's version from AWS's reply. */
export const secretFrom = (name: SecretName, reply: SecretValueEntry): ReadSecret => ({
  name,
  arn: answered(reply.ARN),
  versionId: answered(reply.VersionId),
  versionStages: reply.VersionStages ?? [],
  createdDate: answered(reply.CreatedDate).toISOString(),
  content: answered(reply.SecretString ?? reply.SecretBinary)
})

/** The JSON form. */
export const toSecretValue = ({ content, ...secret }: ReadSecret): SecretValue => typeof content === 'string'
  ? { ...secret, encoding: 'text', value: content }
  : { ...secret, encoding: 'base64', value: Buffer.from(content).toString('base64') }
