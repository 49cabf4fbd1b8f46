import { isAction } from '#src/authorization/actions'
import { denied } from '#src/authorization/decision'
import type { Step } from '#src/request/step'

/**
 * Denies a request whose body may name the AWS credential, if the policies deny the action with every credential that the body
 * could name. So the body is read only if the caller may perform the action with at least one credential. After the body has been
 * read, `decideInEnvironment` decides about the actual credential.
 *
 * @returns nothing if the request may continue. Otherwise returns the denial for the credential in the header or, without the
 *   header, for the environment's default credential.
 */
export const denyInAdvance: Step = (request) => {
  const { environment, route: { config: { action } } } = request
  const { 'aws-credential-id': inHeader } = request.headers as { 'aws-credential-id'?: string }
  const { allowedCredentials, credential: byDefault } = environment
  const decide = (credentialId: string): ReturnType<typeof request.decide> =>
    isAction(action) ? request.decide(action, environment, credentialId) : denied
  const possible = inHeader === undefined ? allowedCredentials : allowedCredentials.filter((id) => id === inHeader)
  if (possible.some((credentialId) => decide(credentialId).allowed)) return undefined
  const credentialId = inHeader ?? byDefault
  return possible.includes(credentialId) ? { credentialId, decision: decide(credentialId) } : { decision: denied }
}
