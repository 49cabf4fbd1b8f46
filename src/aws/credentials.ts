import { getDefaultRoleAssumer, getDefaultRoleAssumerWithWebIdentity, type STSClientConfig } from '@aws-sdk/client-sts'
import { fromIni, fromNodeProviderChain, fromTemporaryCredentials, fromTokenFile } from '@aws-sdk/credential-providers'
import type { CredentialKind, DefinitionOf } from '#src/credentials/definition'

/** AWS access keys, and their expiration. */
export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}

export type AwsKeysProvider = () => Promise<AwsKeys>

/** The STS endpoint, and the connections to it. */
export type StsEndpoint = Pick<STSClientConfig, 'region' | 'endpoint' | 'requestHandler'>

/** The context in which a provider gets keys. */
export interface KeysContext {
  sts: StsEndpoint
  /** The name of a role's session: its `RoleSessionName` and, where STS accepts one, its `SourceIdentity`. */
  sessionName: string
  /** Returns the keys of another credential, for the same session. */
  keysOf: (credentialId: string) => Promise<AwsKeys>
}

/** An error with the name that the SDK's own providers use, so that it becomes the same problem. */
class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError'
}

function variable (name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new CredentialsProviderError(`The variable ${name} is not set`)
  return value
}

/** Returns assumers that use the same STS endpoint, for roles that the SDK finds in a profile or in the environment. */
const assumers = (sts: StsEndpoint): Pick<NonNullable<Parameters<typeof fromIni>[0]>, 'roleAssumer' | 'roleAssumerWithWebIdentity'> => ({
  roleAssumer: getDefaultRoleAssumer(sts),
  roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(sts)
})

const providers: { [Kind in CredentialKind]: (definition: DefinitionOf<Kind>, context: KeysContext) => AwsKeysProvider } = {
  'default-chain': (_definition, { sts }) => fromNodeProviderChain(assumers(sts)),
  // Without a cache, so that changes to the files take effect.
  profile: ({ profile }, { sts }) => fromIni({ ...assumers(sts), profile, ignoreCache: true }),
  environment: ({ accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable }) => async () => ({
    accessKeyId: variable(accessKeyIdVariable),
    secretAccessKey: variable(secretAccessKeyVariable),
    ...(sessionTokenVariable !== undefined && { sessionToken: variable(sessionTokenVariable) })
  }),
  'assume-role': ({ roleArn, externalId, durationSeconds, source }, { sts, sessionName, keysOf }) => fromTemporaryCredentials({
    // Marks the keys as cached already: the SDK's own cache uses another clock, and keeps keys that AWS has refused.
    masterCredentials: Object.assign(async () => keysOf(source), { memoized: true }),
    params: {
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      SourceIdentity: sessionName,
      ...(externalId !== undefined && { ExternalId: externalId }),
      ...(durationSeconds !== undefined && { DurationSeconds: durationSeconds })
    },
    clientConfig: sts
  }),
  // The token file is read each time, since its writer renews it. STS accepts a `SourceIdentity` only from the token itself.
  'web-identity': ({ roleArn, tokenFile, durationSeconds }, { sts, sessionName }) => fromTokenFile({
    roleArn,
    webIdentityTokenFile: tokenFile,
    roleSessionName: sessionName,
    ...(durationSeconds !== undefined && { durationSeconds }),
    roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(sts)
  }),
  embedded: ({ accessKeyId, secretAccessKey }) => async () => ({ accessKeyId, secretAccessKey })
}

/** Returns a provider that gets the keys of a credential again on every call. */
export const keysProvider = <Kind extends CredentialKind>(
  definition: DefinitionOf<Kind>, context: KeysContext
): AwsKeysProvider => providers[definition.kind](definition, context)
