import { Type, type Static } from '@sinclair/typebox'
import { closed } from '../typebox.ts'

const text = Type.String({ minLength: 1 })

const kinds = [
  Type.Object({ kind: Type.Literal('default-chain') }, closed),
  Type.Object({ kind: Type.Literal('profile'), profile: text }, closed),
  Type.Object({
    kind: Type.Literal('environment'),
    accessKeyIdVariable: text,
    secretAccessKeyVariable: text,
    sessionTokenVariable: Type.Optional(text)
  }, closed)
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
}

export type CredentialDefinition = Static<typeof CredentialSchema> | EmbeddedCredential
