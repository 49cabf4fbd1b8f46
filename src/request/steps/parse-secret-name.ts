import { parseSecretName as parse } from '#src/environments/names'
import { invalidRequest } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Parses and checks the secret's name in the path. No later code has to check it again. */
export const parseSecretName: Step = ({ environment, params }) => {
  const parsed = parse(environment, (params as { name: string }).name)
  if (!('name' in parsed)) throw invalidRequest({ in: 'path', pointer: '/name', message: parsed.mistake })
  return { secretName: parsed.name }
}
