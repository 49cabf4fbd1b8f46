import { getDefaultRoleAssumer, getDefaultRoleAssumerWithWebIdentity, type STSClientConfig } from '@aws-sdk/client-sts'
import { fromIni, fromNodeProviderChain, fromTemporaryCredentials, fromTokenFile } from '@aws-sdk/credential-providers'
import type { CredentialKind, DefinitionOf } from '#src/credentials/definition'

/** AWS access keys, and when they end. */
export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}

export type AwsKeysProvider = () => Promise<AwsKeys>

/** Which STS is asked, and through which connections. */
export type StsPlace = Pick<STSClientConfig, 'region' | 'endpoint' | 'requestHandler'>

/** What keys are got with. */
export interface KeysContext {
  sts: StsPlace
  /** What the session of a role is called: its `RoleSessionName`, and its `SourceIdentity` where STS takes one. */
  sessionName: string
  /** Gives the keys of another credential, for the same session. */
  keysOf: (credentialId: string) => Promise<AwsKeys>
}

/** Thrown under the name that the SDK's own providers use, so that it is answered in the same way. */
class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError'
}

function variable (name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new CredentialsProviderError(`The variable ${name} is not set`)
  return value
}

/** For a role that the SDK finds by itself, in a profile or in the environment: STS is asked at the same place. */
const assumers = (sts: StsPlace): Pick<NonNullable<Parameters<typeof fromIni>[0]>, 'roleAssumer' | 'roleAssumerWithWebIdentity'> => ({
  roleAssumer: getDefaultRoleAssumer(sts),
  roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(sts)
})

const providers: { [Kind in CredentialKind]: (definition: DefinitionOf<Kind>, context: KeysContext) => AwsKeysProvider } = {
  'default-chain': (_definition, { sts }) => fromNodeProviderChain(assumers(sts)),
  // The files are read anew each time, so that keys that were changed in them are found.
  profile: ({ profile }, { sts }) => fromIni({ ...assumers(sts), profile, ignoreCache: true }),
  environment: ({ accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable }) => async () => ({
    accessKeyId: variable(accessKeyIdVariable),
    secretAccessKey: variable(secretAccessKeyVariable),
    ...(sessionTokenVariable !== undefined && { sessionToken: variable(sessionTokenVariable) })
  }),
  'assume-role': ({ roleArn, externalId, durationSeconds, source }, { sts, sessionName, keysOf }) => fromTemporaryCredentials({
    // Without the SDK's own memory of keys, which goes by another clock and forgets none that is refused.
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
  // Who puts the token there replaces it before it ends: it is read anew each time. STS takes a `SourceIdentity` from it alone.
  'web-identity': ({ roleArn, tokenFile, durationSeconds }, { sts, sessionName }) => fromTokenFile({
    roleArn,
    webIdentityTokenFile: tokenFile,
    roleSessionName: sessionName,
    ...(durationSeconds !== undefined && { durationSeconds }),
    roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(sts)
  }),
  embedded: ({ accessKeyId, secretAccessKey }) => async () => ({ accessKeyId, secretAccessKey })
}

/** What gets the keys of a credential, each time that it is called. */
export const keysProvider = <Kind extends CredentialKind>(
  definition: DefinitionOf<Kind>, context: KeysContext
): AwsKeysProvider => providers[definition.kind](definition, context)
