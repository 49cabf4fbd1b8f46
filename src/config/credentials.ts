import { isRole, roleAccount, sourcesOf, type CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import type { ConfigIssue } from './issues.ts'

interface Declared {
  readonly environments: ReadonlyMap<string, Environment>
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
}

/** The maximum length of a credential's chain of sources, counting the credential itself. */
const maximumChain = 4

/** The maximum session duration, in seconds, of a role that is assumed by another role. This is AWS's limit for role chaining. */
const maximumChainedDuration = 3600

/** Yields the issues with the sources of credentials and with the accounts of environments. */
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
    yield { key: `credentials.${id}.source`, found: chain.join(', '), expected: 'a chain without a cycle' }
  } else if (chain.length > maximumChain) {
    yield { key: `credentials.${id}.source`, found: chain.join(', '), expected: `a chain of at most ${maximumChain} credentials` }
  } else if (isRole(definition) && durationSeconds !== undefined && durationSeconds > maximumChainedDuration) {
    yield { key: `credentials.${id}.durationSeconds`, found: String(durationSeconds), expected: `at most ${maximumChainedDuration}: the source is a role, too` }
  }
}
