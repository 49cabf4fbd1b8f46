import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import type { CredentialDefinition, CredentialKind, DefinitionOf } from '#src/credentials/definition'

const isUnset = (name: string | undefined): name is string => name !== undefined && (process.env[name] ?? '') === ''

/** The functions that return the missing sources of a credential's keys, by kind of credential. */
const missing: { [Kind in CredentialKind]?: (definition: DefinitionOf<Kind>) => Promise<string[]> | string[] } = {
  async profile ({ profile }) {
    const { loadSharedConfigFiles } = await import('@smithy/core/config')
    // A file that can't be parsed has no profiles. The SDK reports why when the credential is used.
    const files = await loadSharedConfigFiles({ ignoreCache: true }).catch(() => undefined)
    const isDeclared = [files?.configFile, files?.credentialsFile].some((profiles) => Object.hasOwn(profiles ?? {}, profile))
    return isDeclared ? [] : [`the profile ${profile}`]
  },
  environment: ({ accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable }) =>
    [accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable].filter(isUnset).map((name) => `the variable ${name}`),
  'web-identity': async ({ tokenFile }) => access(tokenFile, constants.R_OK).then(() => [], () => [`the file ${tokenFile}`])
}

const missingOf = async <Kind extends CredentialKind>(definition: DefinitionOf<Kind>): Promise<string[]> =>
  await missing[definition.kind]?.(definition) ?? []

/**
 * Returns a warning for each source of keys that a credential names and that does not exist on this machine. It is not an error,
 * because the source may be created later.
 */
export async function missingKeyWarnings (credentials: ReadonlyMap<string, CredentialDefinition>): Promise<string[]> {
  const warnings = await Promise.all(Array.from(credentials, async ([id, definition]) =>
    (await missingOf(definition)).map((source) => `The credential ${id} needs ${source}, which does not exist on this machine.`)))
  return warnings.flat()
}
