import type * as cases from '#src/authorization/cases'
import type * as folder from '#src/authorization/policy-folder'
import { CommandFailure } from './terminal.ts'

/**
 * Imports the policy modules and calls `use` with their exports. Imports them on demand, because they load Cedar's WebAssembly,
 * which would slow down every other command.
 *
 * @throws CommandFailure for invalid policies or test cases
 */
export async function withPolicies<T> (use: (modules: typeof cases & typeof folder) => T): Promise<T> {
  const [{ PolicyError }, ...modules] = await Promise.all([
    import('#src/authorization/policies'), import('#src/authorization/cases'), import('#src/authorization/policy-folder')
  ])
  try {
    return use(Object.assign({}, ...modules))
  } catch (error) {
    throw error instanceof PolicyError ? new CommandFailure(...error.message.split('\n')) : error
  }
}
