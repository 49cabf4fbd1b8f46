import { createPrivateKey, type KeyObject } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import type { AwsSettings } from '#src/aws/settings'
import { ApiKeySchema } from '#src/authentication/api-keys'
import type { AuthenticationSettings } from '#src/authentication/authenticator'
import { AwsLoginSchema } from '#src/authentication/aws-identities'
import { isSafeUrl } from '#src/authentication/fetch-text'
import { GroupSchema } from '#src/authentication/groups'
import { OidcIssuerSchema } from '#src/authentication/oidc'
import { closed, idPattern } from '#src/schema/types'
import { readNamedFile } from './files.ts'
import { ConfigError, type ConfigIssue } from './issues.ts'

/** The `authentication` section of the configuration file. */
export const AuthenticationSchema = Type.Object({
  apiKeys: Type.Optional(Type.Array(ApiKeySchema)),
  oidc: Type.Optional(Type.Array(OidcIssuerSchema)),
  aws: Type.Optional(AwsLoginSchema),
  groups: Type.Optional(Type.Record(Type.String({ pattern: idPattern }), GroupSchema, closed))
}, closed)

/** Fills in the defaults and loads the keys of `tokenKeyFiles`. @throws ConfigError if a key file can't be used */
export function authenticationFrom (declared: Static<typeof AuthenticationSchema>, folder: string): AuthenticationSettings {
  const { apiKeys = [], oidc = [], aws, groups = {} } = declared
  const keys = (aws?.tokenKeyFiles ?? []).map((file, index) => tokenKey(`authentication.aws.tokenKeyFiles.${index}`, file, folder))
  return { apiKeys, oidc, groups, ...(aws !== undefined && { aws: { ...aws, keys } }) }
}

function tokenKey (key: string, file: string, folder: string): KeyObject {
  const pem = readNamedFile(key, file, folder)
  const expected = 'an Ed25519 private key in PEM'
  try {
    const found = createPrivateKey(pem)
    if (found.asymmetricKeyType === 'ed25519') return found
  } catch {
    throw new ConfigError([{ key, found: 'another file', expected }])
  }
  throw new ConfigError([{ key, found: 'a key of another kind', expected }])
}

/** Yields the issues that a schema can't detect. */
export function* authenticationIssues ({ authentication, aws: { stsEndpoint } }: Settings): Generator<ConfigIssue> {
  yield* keyIssues(authentication.apiKeys)
  yield* issuerIssues(authentication.oidc)
  if (authentication.aws !== undefined && stsEndpoint !== undefined && !isSafeUrl(stsEndpoint)) {
    yield { key: 'aws.stsEndpoint', found: stsEndpoint, expected: safeUrl }
  }
}

interface Settings {
  authentication: AuthenticationSettings
  aws: AwsSettings
}

const safeUrl = 'an https URL, or http on the loopback interface'

function* keyIssues (apiKeys: AuthenticationSettings['apiKeys']): Generator<ConfigIssue> {
  const hashes = new Set<string>()
  const groupsOf = new Map<string, string>()
  for (const [index, { id, hash, expires, groups = [] }] of apiKeys.entries()) {
    const key = `authentication.apiKeys.${index}`
    if (expires !== undefined && !isValidDate(expires)) yield { key: `${key}.expires`, found: expires, expected: 'a date that exists' }
    if (hashes.has(hash)) yield { key: `${key}.hash`, found: 'the hash of another key', expected: 'a key of its own' }
    hashes.add(hash)
    const sorted = [...groups].sort().join(', ')
    if (sorted !== (groupsOf.get(id) ?? sorted)) {
      yield { key: `${key}.groups`, found: sorted, expected: `the groups of the other key of ${id}: ${groupsOf.get(id) ?? ''}` }
    }
    groupsOf.set(id, sorted)
  }
}

/** Checks that a date exists, because `Date.parse` turns February 30 into March 2. */
const isValidDate = (text: string): boolean =>
  !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().slice(0, 10) === text.slice(0, 10)

/**
 * The prefixes of caller IDs from other authentication methods. An OIDC issuer can't have one of these names, because its name is
 * the prefix of its callers' IDs.
 */
const reservedNames = new Set(['aws', 'dns', 'spiffe'])

function* issuerIssues (oidc: AuthenticationSettings['oidc']): Generator<ConfigIssue> {
  const names = new Set(reservedNames)
  const issuers = new Set<string>()
  for (const [index, { name, issuer, jwksUri }] of oidc.entries()) {
    const key = `authentication.oidc.${index}`
    if (names.has(name)) yield { key: `${key}.name`, found: name, expected: `a name of its own, and none of ${[...reservedNames].join(', ')}` }
    if (issuers.has(issuer)) yield { key: `${key}.issuer`, found: issuer, expected: 'an issuer that is not declared already' }
    names.add(name)
    issuers.add(issuer)
    for (const [member, url] of Object.entries({ issuer, jwksUri })) {
      if (url === undefined || isSafeUrl(url)) continue
      yield { key: `${key}.${member}`, found: url, expected: safeUrl }
    }
  }
}
