import { parseSecretName as parse } from '#src/environments/names'
import { invalidRequest } from '#src/problems/problem'
import { namedIn } from '#src/request/named'
import type { Step } from '#src/request/step'

/** Parses the secret's name in the request, and checks it against the environment's rules. Later code relies on this check. */
export const parseSecretName: Step = (request) => {
  const parsed = parse(request.environment, namedIn(request).name)
  if (!('name' in parsed)) throw invalidRequest({ in: 'path', pointer: '/name', message: parsed.mistake })
  return { secretName: parsed.name }
}
