import { Type, type Static } from '@sinclair/typebox'
import { defaultRegionOf, partitionInArn } from '#src/aws-model/partitions'
import { AwsString, closed, Id } from '#src/schema/types'
import { endpointMembers, type EndpointSettings } from './endpoints.ts'

const text = Type.String({ minLength: 1 })

/**
 * The members that determine the endpoints: the region of STS, and the endpoint settings. The region defaults to that of the
 * first environment that may use the credential. The endpoint settings default to those in the `aws` section.
 */
const places = { region: Type.Optional(AwsString('RegionType')), ...endpointMembers }

/**
 * The role and its sessions. `durationSeconds` is the duration of a session. AWS allows 15 minutes to 12 hours, and defaults to
 * one hour. With `shareReads`, other callers may get a value that one caller's session has read.
 */
const roleMembers = {
  roleArn: Type.String({ maxLength: 2048, pattern: '^arn:aws[a-z-]*:iam::\\d{12}:role/[!-~]+$' }),
  durationSeconds: Type.Optional(Type.Integer({ minimum: 900, maximum: 43_200 })),
  shareReads: Type.Optional(Type.Boolean())
}

const kinds = [
  Type.Object({ kind: Type.Literal('default-chain'), ...places }, closed),
  Type.Object({ kind: Type.Literal('profile'), profile: text, ...places }, closed),
  Type.Object({
    kind: Type.Literal('environment'),
    accessKeyIdVariable: text,
    secretAccessKeyVariable: text,
    sessionTokenVariable: Type.Optional(text),
    ...places
  }, closed),
  Type.Object({
    kind: Type.Literal('assume-role'),
    ...roleMembers,
    source: Id(),
    externalId: Type.Optional(Type.String({ minLength: 2, maxLength: 1224, pattern: '^[\\w+=,.@:/-]*$' })),
    ...places
  }, closed),
  Type.Object({ kind: Type.Literal('web-identity'), ...roleMembers, tokenFile: text, ...places }, closed)
]

/** The kinds of credentials that the configuration file can declare. */
export const credentialKinds = kinds.map(({ properties: { kind } }) => kind.const)

/**
 * An AWS credential in the configuration file. It describes how the gateway obtains the keys, but never contains them. `kind` is
 * the discriminator, so validation reports only the errors for the declared kind.
 */
export const CredentialSchema = Type.Unsafe<Static<(typeof kinds)[number]>>({
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: kinds
})

/** A credential with keys that the gateway generates for the embedded backend. A configuration file can't declare one. */
interface EmbeddedCredential extends EndpointSettings {
  readonly kind: 'embedded'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region?: string
}

export type CredentialDefinition = Static<typeof CredentialSchema> | EmbeddedCredential

export type CredentialKind = CredentialDefinition['kind']

export type DefinitionOf<Kind extends CredentialKind> = Extract<CredentialDefinition, { kind: Kind }>

/** A credential that assumes a role. Each caller gets a separate session, so that CloudTrail shows the caller. */
export type RoleDefinition = DefinitionOf<'assume-role' | 'web-identity'>

export const isRole = (definition: CredentialDefinition): definition is RoleDefinition =>
  definition.kind === 'assume-role' || definition.kind === 'web-identity'

/** Returns the ID of the role's AWS account. */
export const roleAccount = ({ roleArn }: RoleDefinition): string => roleArn.split(':')[4] ?? ''

/** Yields a credential's ID, then its source's ID, and so on. Stops at a cycle, and after an undeclared credential. */
export function* sourcesOf (credentials: ReadonlyMap<string, CredentialDefinition>, id: string): Generator<string> {
  const seen = new Set<string>()
  for (let next: string | undefined = id; next !== undefined && !seen.has(next);) {
    yield next
    seen.add(next)
    const definition = credentials.get(next)
    next = definition?.kind === 'assume-role' ? definition.source : undefined
  }
}

/** The members of an environment that determine the STS region. */
interface StsEnvironment {
  readonly region: string
  readonly allowedCredentials: readonly string[]
}

/**
 * Returns the region of the STS endpoint for a credential. This is the first of the following regions that exists:
 *
 * 1. the region that the credential declares
 * 2. the region of the first environment that may use the credential, either directly or as a source of another credential
 * 3. the default region of the role's partition, or of the partition `aws` if the credential is not a role
 */
export function stsRegion (
  credentials: ReadonlyMap<string, CredentialDefinition>, environments: Iterable<StsEnvironment>, id: string
): string {
  const uses = ({ allowedCredentials }: StsEnvironment): boolean =>
    allowedCredentials.some((allowed) => [...sourcesOf(credentials, allowed)].includes(id))
  const definition = credentials.get(id)
  const partition = definition !== undefined && isRole(definition) ? partitionInArn(definition.roleArn) : undefined
  return definition?.region ?? Array.from(environments).find(uses)?.region ?? defaultRegionOf(partition ?? 'aws')
}
