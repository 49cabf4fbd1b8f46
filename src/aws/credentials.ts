import type { STSClientConfig } from '@aws-sdk/client-sts'
import type { fromIni } from '@aws-sdk/credential-providers'
import type { CredentialKind, DefinitionOf } from '#src/credentials/definition'
import type { ServiceEndpoint } from './endpoints.ts'

/** AWS access keys, and the time at which they expire. */
export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}

export type AwsKeysProvider = () => Promise<AwsKeys>

/** The STS endpoint, the connections to it, and how calls to it are repeated. */
export type StsEndpoint =
  Pick<STSClientConfig, 'region' | 'endpoint' | 'requestHandler' | 'retryStrategy'> & Omit<ServiceEndpoint, 'endpoint'>

/** The dependencies of getting keys, apart from the credential's definition. */
export interface KeysContext {
  sts: StsEndpoint
  /** The name of a role session, sent as `RoleSessionName`. `AssumeRole` also receives it as `SourceIdentity`. */
  sessionName: string
  /** Returns the keys of another credential, for the same caller. */
  keysOf: (credentialId: string) => Promise<AwsKeys>
}

/** Has the same name as the error that the SDK's credential providers throw, so both are reported as the same problem. */
class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError'
}

function variable (name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new CredentialsProviderError(`The variable ${name} is not set`)
  return value
}

type Assumers = Required<Pick<NonNullable<Parameters<typeof fromIni>[0]>, 'roleAssumer' | 'roleAssumerWithWebIdentity'>>

/** Loads the SDK's credential providers on demand, to keep the start fast. */
const sdkProviders = async () => import('@aws-sdk/credential-providers')

/**
 * Returns role assumers that use the given STS endpoint. The SDK calls them for a role that is specified in an AWS profile or in
 * environment variables.
 */
async function assumers (sts: StsEndpoint): Promise<Assumers> {
  const { getDefaultRoleAssumer, getDefaultRoleAssumerWithWebIdentity } = await import('@aws-sdk/client-sts')
  return { roleAssumer: getDefaultRoleAssumer(sts), roleAssumerWithWebIdentity: getDefaultRoleAssumerWithWebIdentity(sts) }
}

const providers: { [Kind in CredentialKind]: (definition: DefinitionOf<Kind>, context: KeysContext) => AwsKeysProvider } = {
  'default-chain': (_definition, { sts }) => async () => (await sdkProviders()).fromNodeProviderChain(await assumers(sts))(),
  // `ignoreCache` makes the SDK read AWS's configuration files again, so that changes to them take effect.
  profile: ({ profile }, { sts }) => async () =>
    (await sdkProviders()).fromIni({ ...await assumers(sts), profile, ignoreCache: true })(),
  environment: ({ accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable }) => async () => ({
    accessKeyId: variable(accessKeyIdVariable),
    secretAccessKey: variable(secretAccessKeyVariable),
    ...(sessionTokenVariable !== undefined && { sessionToken: variable(sessionTokenVariable) })
  }),
  'assume-role': ({ roleArn, externalId, durationSeconds, source }, { sts, sessionName, keysOf }) => async () =>
    (await sdkProviders()).fromTemporaryCredentials({
      // `memoized` tells the SDK not to cache the keys itself. The SDK's cache uses a different clock, and would keep
      // keys that AWS has refused.
      masterCredentials: Object.assign(async () => keysOf(source), { memoized: true }),
      params: {
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        SourceIdentity: sessionName,
        ...(externalId !== undefined && { ExternalId: externalId }),
        ...(durationSeconds !== undefined && { DurationSeconds: durationSeconds })
      },
      clientConfig: sts
    })(),
  // The token file is read every time, because the process that writes it renews the token. `AssumeRoleWithWebIdentity` has no
  // `SourceIdentity` parameter. STS takes the source identity from the token, if the token contains one.
  'web-identity': ({ roleArn, tokenFile, durationSeconds }, { sts, sessionName }) => async () =>
    (await sdkProviders()).fromTokenFile({
      roleAssumerWithWebIdentity: (await assumers(sts)).roleAssumerWithWebIdentity,
      roleArn,
      webIdentityTokenFile: tokenFile,
      roleSessionName: sessionName,
      ...(durationSeconds !== undefined && { durationSeconds })
    })(),
  embedded: ({ accessKeyId, secretAccessKey }) => async () => ({ accessKeyId, secretAccessKey })
}

/**
 * Returns a function that obtains a credential's keys. It does not cache them, because `refreshingCache` does. The SDK's default
 * chain would also cache keys that AWS has refused.
 */
export const keysProvider = <Kind extends CredentialKind>(
  definition: DefinitionOf<Kind>, context: KeysContext
): AwsKeysProvider => providers[definition.kind](definition, context)
