import { secretIn } from '#src/aws/secret-ids'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'
import type { FindEnvironment } from './see-environment.ts'

/**
 * Finds the environment and the secret on routes whose URL has an AWS name or an ARN.
 *
 * @param served returns the names of the environments to search
 * @throws Problem `secret-not-found` if none of the environments could contain the secret
 * @throws Problem `invalid-request` if several environments could contain it, and the caller may see at least one of them
 */
export const findSecretById = (served: () => readonly string[], find: FindEnvironment): Step => (request) => {
  const secretRequest = request.route.config.readSecretRequest?.(request.url)
  if (secretRequest === undefined) return undefined
  const { secretId } = secretRequest
  const candidates = served().flatMap((env) => {
    const environment = find(env)
    const secret = environment && secretIn(environment, secretId)
    return environment === undefined || secret === undefined ? [] : [{ environment, name: secret.name }]
  })
  const [first, second] = candidates
  if (first === undefined) throw new Problem('secret-not-found')
  if (second === undefined) {
    const { environment: { name: env }, name } = first
    return { secretRequest, named: { env, name }, secretName: name }
  }
  if (!candidates.some(({ environment }) => request.sees(environment).allowed)) throw new Problem('secret-not-found')
  throw new Problem('invalid-request', {
    detail: secretId.startsWith('arn:')
      ? 'Several environments may contain this ARN: set the account of each of them in the configuration.'
      : 'Several environments may contain a secret with this name: send its ARN instead.'
  })
}
