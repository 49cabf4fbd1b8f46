import { readCall } from '#src/aws-endpoint/call'
import type { Step } from '#src/request/step'
import { bytesOf } from './verify-signature.ts'

/** Reads a call in AWS's protocol: the operation from a header, and the secret from the body. */
export const readAwsCall: Step = async ({ environment, headers: { 'x-amz-target': target }, body }) => {
  const awsCall = await readCall(environment, target?.toString(), bytesOf(body))
  return { awsCall, ...awsCall.secret !== undefined && { secretName: awsCall.secret.name } }
}
