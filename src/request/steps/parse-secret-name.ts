import { parseSecretName as parse } from '#src/environments/names'
import { invalidRequest } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Parses the secret's name in the path and checks it against the environment's rules. Later code does not check it again. */
export const parseSecretName: Step = ({ environment, params }) => {
  const parsed = parse(environment, (params as { name: string }).name)
  if (!('name' in parsed)) throw invalidRequest({ in: 'path', pointer: '/name', message: parsed.mistake })
  return { secretName: parsed.name }
}
