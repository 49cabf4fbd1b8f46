import { resolve } from 'node:path'
import { Type, type Static } from '@sinclair/typebox'
import { PolicyError, type PolicySet } from '#src/authorization/policies'
import { readPolicies } from '#src/authorization/policy-folder'
import { referencesIn, type Reference } from '#src/authorization/references'
import { closed } from '#src/schema/types'
import { ConfigError, type FileIssue } from './issues.ts'
import { recordState } from './file-states.ts'

/** The `authorization` section of the configuration file. */
export const AuthorizationSchema = Type.Object({
  policies: Type.String({ minLength: 1, description: 'the folder of the policies' })
}, closed)

/** The `authorization` section of the configuration file, or the built-in policies of local mode. */
export type DeclaredAuthorization = Static<typeof AuthorizationSchema> | { policies: PolicySet }

/** Reads the configured policies. @throws ConfigError if they are invalid */
export function policiesFrom ({ policies }: DeclaredAuthorization, folder: string): PolicySet {
  if (typeof policies !== 'string') return policies
  const path = resolve(folder, policies)
  recordState(path)
  try {
    return readPolicies(path)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new ConfigError(error.issues.map(({ file, line, message }) => ({ place: `${file}:${line}`, message })))
  }
}

interface Settings {
  readonly policies: PolicySet
  readonly environments: ReadonlyMap<string, unknown>
  readonly credentials: ReadonlyMap<string, unknown>
}

/**
 * Yields an issue for each environment or credential that a policy refers to but that is not declared. Without this check, a
 * `forbid` with a misspelled name would silently have no effect.
 */
export function* policyIssues ({ policies: { policies }, environments, credentials }: Settings): Generator<FileIssue> {
  const isDeclared: Readonly<Record<string, (id: string) => boolean>> = {
    Environment: (id) => environments.has(id),
    Secret: (id) => environments.has(id.split('/', 1).join()),
    Credential: (id) => credentials.has(id)
  }
  const undeclared = ({ type, id }: Reference): boolean => !(isDeclared[type]?.(id) ?? true)
  for (const policy of policies) {
    for (const { type, id } of referencesIn(policy).filter(undeclared)) {
      yield { place: `${policy.file}:${policy.line}`, message: `${type}::${JSON.stringify(id)} is not declared` }
    }
  }
}
