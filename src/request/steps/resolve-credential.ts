import { invalidRequest } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Resolves the ID of the AWS credential that the request names, or of the environment's default. If the environment does not
 * allow the credential, returns nothing. `decideInEnvironment` then denies the request, with the same reply as if the policies
 * denied it.
 *
 * @throws Problem `invalid-request` if the header and the body name different credentials
 */
export const resolveCredential: Step = (request) => {
  const { environment, route: { config } } = request
  const { 'aws-credential-id': inHeader } = request.headers as { 'aws-credential-id'?: string }
  const { awsCredentialId: inBody } = (config.bodyNamesCredential === true ? request.body : {}) as { awsCredentialId?: string }
  if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody) {
    throw invalidRequest({ in: 'body', pointer: '/awsCredentialId', message: 'must be the same as the header AWS-Credential-Id' })
  }
  const credentialId = inHeader ?? inBody ?? environment.credential
  return environment.allowedCredentials.includes(credentialId) ? { credentialId } : undefined
}
