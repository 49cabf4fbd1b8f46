import { fromIni, fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { CredentialDefinition } from '../credentials/definition.ts'

/** AWS access keys, and when they end. */
export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}

export type AwsKeysProvider = () => Promise<AwsKeys>

type Definition<Kind extends CredentialDefinition['kind']> = Extract<CredentialDefinition, { kind: Kind }>

/** Thrown under the name that the SDK's own providers use, so that it is answered in the same way. */
class CredentialsProviderError extends Error {
  override readonly name = 'CredentialsProviderError'
}

function variable (name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new CredentialsProviderError(`The variable ${name} is not set`)
  return value
}

const providers: { [Kind in CredentialDefinition['kind']]: (definition: Definition<Kind>) => AwsKeysProvider } = {
  'default-chain': () => fromNodeProviderChain(),
  profile: ({ profile }) => fromIni({ profile }),
  environment: ({ accessKeyIdVariable, secretAccessKeyVariable, sessionTokenVariable }) => async () => ({
    accessKeyId: variable(accessKeyIdVariable),
    secretAccessKey: variable(secretAccessKeyVariable),
    ...(sessionTokenVariable !== undefined && { sessionToken: variable(sessionTokenVariable) })
  }),
  embedded: ({ accessKeyId, secretAccessKey }) => async () => ({ accessKeyId, secretAccessKey })
}

/** What the SDK asks for keys; it keeps them until shortly before they end. */
export const keysProvider = <Kind extends CredentialDefinition['kind']>(definition: Definition<Kind>): AwsKeysProvider =>
  providers[definition.kind](definition)
