import type { Environment } from '#src/environments/environment'
import { Problem } from '#src/problems/problem'

/** The maximum number of environments that a problem names. */
const maximumNamed = 20

/**
 * Returns the problem `not-found` for an environment that does not exist or that the caller may not see. The problem names the
 * environments that the caller may see, because the name is often only mistyped. It is the same in both cases, so it does not
 * reveal whether the environment exists.
 *
 * @param name the environment's name in the request, which must be a valid name
 * @param sees returns true if the caller may see the environment
 */
export function unknownEnvironment (
  name: string, environments: Iterable<Environment>, sees: (environment: Environment) => boolean
): Problem {
  const visible = [...environments].filter(sees).map((environment) => environment.name)
  const more = visible.length > maximumNamed ? ` and ${visible.length - maximumNamed} more` : ''
  const named = visible.length === 0 ? ' none' : `: ${visible.slice(0, maximumNamed).join(', ')}${more}`
  return new Problem('not-found', { detail: `No environment \`${name}\`, or you may not see it. You can see${named}.` })
}
