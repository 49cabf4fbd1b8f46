import { STSClient } from '@aws-sdk/client-sts'
import type { Test } from 'tap'
import type { Account, LocalBackend, LocalBackendOptions, Role } from '#src/local-backend/server'
import { account, otherAccount, region, start } from '#test/src/local-backend/backend'

/** A statement of AWS's policy language. */
export type Statement = Record<string, unknown>

export const everything: Statement = { Effect: 'Allow', Action: '*', Resource: '*' }

export const document = (...statements: readonly Statement[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements })

/** Returns a statement that allows a principal to assume a role. */
export const trusts = (arn: string, more: Statement = {}): Statement =>
  ({ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole', ...more })

/** Returns the access key of a user whose identity policy has the given statements. */
export function user (name: string, statements: readonly Statement[] = [everything], { accountId } = account): Account {
  return { accountId, accessKeyId: name, secretAccessKey: `secret-of-${name}`, identityPolicies: [document(...statements)] }
}

export const userArn = ({ accountId, accessKeyId }: Account): string => `arn:aws:iam::${accountId}:user/${accessKeyId}`

export const roleArn = (name: string, { accountId } = account): string => `arn:aws:iam::${accountId}:role/${name}`

/** Returns a role with all permissions, and with these statements in its trust policy. */
export const role = (arn: string, statements: readonly Statement[], more: Partial<Role> = {}): Role =>
  ({ arn, trustPolicy: document(...statements), identityPolicies: [document(everything)], ...more })

export interface Keys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** Returns an STS client of the real SDK, without retries. */
export function stsOf (t: Test, { url }: { url: string }, credentials: Keys, inRegion = region): STSClient {
  const client = new STSClient({ endpoint: url, region: inRegion, credentials, maxAttempts: 1 })
  t.teardown(() => { client.destroy() })
  return client
}

export const startWith = async (t: Test, users: readonly Account[], options: Partial<LocalBackendOptions>): Promise<LocalBackend> =>
  start(t, { accounts: [account, otherAccount, ...users], ...options })

/** Returns the keys in a reply of STS. */
export function keysIn (answer: { Credentials?: { AccessKeyId?: string | undefined, SecretAccessKey?: string | undefined, SessionToken?: string | undefined } | undefined }): Required<Keys> {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}
