import { valueInAwsForm } from '#src/aws/verbatim'
import type { ReadSecret } from '#src/aws/secret'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { isProblem, Problem } from '#src/problems/problem'
import type { OnSecret } from './context.ts'
import { assertNamed, bodyOf, sendVerbatim } from './verbatim.ts'

/** Reads a version of a secret, from the cache if it has the version. */
export const getSecretValue: OnSecret<'GetSecretValue'> = async ({ scope, caching, reportVersion }, { name }, input) => {
  const { VersionId: versionId, VersionStage: versionStage } = input
  const secret = await readOrExplain(input, async () =>
    scope.aws.getSecretValue({ ...scope, caching: caching() }, name, { versionId, versionStage }))
  assertNamed(secret, input.SecretId)
  reportVersion(secret.versionId)
  return JSON.stringify(valueInAwsForm(scope, secret))
}

/** Describes a secret, from the cache if it has the description. The reply is AWS's own. */
export const describeSecret: OnSecret<'DescribeSecret'> = async ({ scope, caching }, { name }, { SecretId: secretId }) => {
  const outcome = await sendVerbatim({ ...scope, caching: caching() }, 'DescribeSecret', (own) => own, async (own) =>
    own.aws.describeSecret(own, name))
  assertNamed(outcome.result, secretId)
  return bodyOf(scope, outcome)
}

/** Reads a version. If the cache knows that there is none, throws the error that AWS would return. */
async function readOrExplain (
  { VersionId, VersionStage }: Pick<Input<'GetSecretValue'>, 'VersionId' | 'VersionStage'>, read: () => Promise<ReadSecret>
): Promise<ReadSecret> {
  try {
    return await read()
  } catch (error) {
    if (!isProblem(error, 'version-not-found') || error.options.fault !== undefined) throw error
    const { type, message, status } = VersionId === undefined ? errors.labelNotFound(VersionStage ?? 'AWSCURRENT') : errors.versionNotFound(VersionId)
    throw new Problem(error.code, { ...error.options, fault: { type, message, status } })
  }
}
