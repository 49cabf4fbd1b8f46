import { Type, type Static } from '@sinclair/typebox'
import { AwsString, closed, Id } from '#src/schema/types'

const text = Type.String({ minLength: 1 })

/** Whose STS is asked; that of an environment which may use the credential, where absent. */
const region = Type.Optional(AwsString('RegionType'))

/** The role, and how long its sessions last: 15 minutes to 12 hours, AWS's hour where absent. */
const ofRole = {
  roleArn: Type.String({ maxLength: 2048, pattern: '^arn:aws[a-z-]*:iam::\\d{12}:role/[!-~]+$' }),
  durationSeconds: Type.Optional(Type.Integer({ minimum: 900, maximum: 43_200 }))
}

const kinds = [
  Type.Object({ kind: Type.Literal('default-chain'), region }, closed),
  Type.Object({ kind: Type.Literal('profile'), profile: text, region }, closed),
  Type.Object({
    kind: Type.Literal('environment'),
    accessKeyIdVariable: text,
    secretAccessKeyVariable: text,
    sessionTokenVariable: Type.Optional(text),
    region
  }, closed),
  Type.Object({
    kind: Type.Literal('assume-role'),
    ...ofRole,
    source: Id(),
    externalId: Type.Optional(Type.String({ minLength: 2, maxLength: 1224, pattern: '^[\\w+=,.@:/-]*$' })),
    region
  }, closed),
  Type.Object({ kind: Type.Literal('web-identity'), ...ofRole, tokenFile: text, region }, closed)
]

/** The kinds of credentials that a file can declare. */
export const credentialKinds = kinds.map(({ properties: { kind } }) => kind.const)

/**
 * How the gateway comes by the AWS credentials behind an ID, in the configuration. No key stands in the file. The kind tells
 * the forms apart, so that a mistake in one is not reported for all of them.
 */
export const CredentialSchema = Type.Unsafe<Static<(typeof kinds)[number]>>({
  type: 'object',
  required: ['kind'],
  discriminator: { propertyName: 'kind' },
  oneOf: kinds
})

/** Keys that the gateway itself made up for the embedded backend; there is no way to write them into a file. */
interface EmbeddedCredential {
  readonly kind: 'embedded'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region?: string
}

export type CredentialDefinition = Static<typeof CredentialSchema> | EmbeddedCredential

export type CredentialKind = CredentialDefinition['kind']

/** The definition of a kind. */
export type DefinitionOf<Kind extends CredentialKind> = Extract<CredentialDefinition, { kind: Kind }>

/** A credential that is a role. Each caller has a session of its own, so that AWS knows who asks. */
export type RoleDefinition = DefinitionOf<'assume-role' | 'web-identity'>

export const isRole = (definition: CredentialDefinition): definition is RoleDefinition =>
  definition.kind === 'assume-role' || definition.kind === 'web-identity'

/** The account that a role is in. */
export const roleAccount = ({ roleArn }: RoleDefinition): string => roleArn.split(':')[4] ?? ''

/**
 * A credential, the one that it takes its keys from, and so on. Ends where it would begin anew, and at one that is not declared.
 */
export function* sourcesOf (credentials: ReadonlyMap<string, CredentialDefinition>, id: string): Generator<string> {
  const seen = new Set<string>()
  for (let next: string | undefined = id; next !== undefined && !seen.has(next);) {
    yield next
    seen.add(next)
    const definition = credentials.get(next)
    next = definition?.kind === 'assume-role' ? definition.source : undefined
  }
}

/** What of an environment tells whose STS is near. */
interface Place {
  readonly region: string
  readonly allowedCredentials: readonly string[]
}

/** AWS's own where nothing else is said. */
const usualRegion = 'us-east-1'

/**
 * The region whose STS a credential asks: its own, else that of the first environment that may use it, or a credential that takes
 * its keys from it.
 */
export function stsRegion (
  credentials: ReadonlyMap<string, CredentialDefinition>, environments: Iterable<Place>, id: string
): string {
  const uses = ({ allowedCredentials }: Place): boolean =>
    allowedCredentials.some((allowed) => [...sourcesOf(credentials, allowed)].includes(id))
  return credentials.get(id)?.region ?? Array.from(environments).find(uses)?.region ?? usualRegion
}
