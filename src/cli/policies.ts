import type * as cases from '#src/authorization/cases'
import type * as folder from '#src/authorization/policy-folder'
import { CommandFailure } from './terminal.ts'

/** What a command makes of policies, where a mistake in them is a failure of it. */
export async function withPolicies<T> (use: (given: typeof cases & typeof folder) => T): Promise<T> {
  // Not at every start of the program: they bring Cedar along.
  const [{ PolicyError }, ...given] = await Promise.all([
    import('#src/authorization/policies'), import('#src/authorization/cases'), import('#src/authorization/policy-folder')
  ])
  try {
    return use(Object.assign({}, ...given))
  } catch (error) {
    throw error instanceof PolicyError ? new CommandFailure(error.message) : error
  }
}
