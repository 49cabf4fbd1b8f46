import { isRole, roleAccount, sourcesOf, type CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { ConfigIssue } from './issues.ts'

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
}

/** Credentials that may stand one behind the other. */
const longestChain = 4

/** Seconds that the session of a role lasts at most, where another role's session begins it. */
const longestChained = 3600

/** What is wrong with where credentials take their keys from, and with the accounts that environments name. */
export function* credentialIssues ({ environments, credentials }: Declared): Generator<ConfigIssue> {
  for (const [id, definition] of credentials) {
    if (definition.kind === 'assume-role') yield* sourceIssues(credentials, id, definition)
  }
  for (const { name, account, allowedCredentials } of environments.values()) {
    for (const id of allowedCredentials) {
      const definition = credentials.get(id)
      if (account === undefined || definition === undefined || !isRole(definition)) continue
      const expected = roleAccount(definition)
      if (account === expected) continue
      yield { key: `environments.${name}.account`, found: account, expected: `${expected}, the account of the role of the credential ${id}` }
    }
  }
}

function* sourceIssues (
  credentials: Declared['credentials'], id: string, { source, durationSeconds }: { source: string, durationSeconds?: number }
): Generator<ConfigIssue> {
  const definition = credentials.get(source)
  const chain = [...sourcesOf(credentials, id)]
  const last = credentials.get(chain.at(-1) ?? '')
  if (definition === undefined) {
    yield { key: `credentials.${id}.source`, found: source, expected: `one of: ${[...credentials.keys()].join(', ')}` }
  } else if (last?.kind === 'assume-role' && credentials.has(last.source)) {
    yield { key: `credentials.${id}.source`, found: chain.join(', '), expected: 'a chain that does not come back to where it was' }
  } else if (chain.length > longestChain) {
    yield { key: `credentials.${id}.source`, found: chain.join(', '), expected: `a chain of at most ${longestChain} credentials` }
  } else if (isRole(definition) && durationSeconds !== undefined && durationSeconds > longestChained) {
    yield { key: `credentials.${id}.durationSeconds`, found: String(durationSeconds), expected: `at most ${longestChained}: the source is a role, too` }
  }
}
