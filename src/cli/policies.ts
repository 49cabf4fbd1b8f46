import type * as cases from '../authorization/cases.ts'
import type * as folder from '../authorization/policy-folder.ts'
import { CommandFailure } from './terminal.ts'

/** What a command makes of policies, where a mistake in them is a failure of it. */
export async function withPolicies<T> (use: (given: typeof cases & typeof folder) => T): Promise<T> {
  // Not at every start of the program: they bring Cedar along.
  const [{ PolicyError }, ...given] = await Promise.all([
    import('../authorization/policies.ts'), import('../authorization/cases.ts'), import('../authorization/policy-folder.ts')
  ])
  try {
    return use(Object.assign({}, ...given))
  } catch (error) {
    throw error instanceof PolicyError ? new CommandFailure(error.message) : error
  }
}
