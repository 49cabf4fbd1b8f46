import type { AwsKeys } from './credentials.ts'

/** The places where the SDK's default chain finds keys, by the SDK's names for them. */
const origins: Readonly<Record<string, string>> = {
  CREDENTIALS_ENV_VARS: 'the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN: 'the token in AWS_WEB_IDENTITY_TOKEN_FILE',
  CREDENTIALS_PROFILE_SSO: 'IAM Identity Center',
  CREDENTIALS_PROFILE_PROCESS: 'a program that a profile names',
  CREDENTIALS_PROFILE_SOURCE_PROFILE: 'a profile that assumes a role',
  CREDENTIALS_PROFILE: 'a profile',
  CREDENTIALS_HTTP: 'the container or pod'
}

/** Describes where the SDK's default chain found keys. Returns undefined if the SDK does not say. */
export function originOfKeys (keys: AwsKeys): string | undefined {
  const { $source = {} }: { $source?: object } = Object(keys) as object
  return Object.entries(origins).find(([name]) => Object.hasOwn($source, name))?.[1]
}
