import { Type, type Static, type TSchema, type TUnsafe } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import { EnvironmentName } from '#src/environments/schemas'
import type { ProblemCode } from '#src/problems/catalogue'
import { closed, Id } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'
import { problemResponses, RequestId } from './problem-reply.ts'

/** Schemas that several routes share. */

export const EnvironmentParams = Type.Object({ env: EnvironmentName })

export const JobParams = Type.Object({ id: Type.String({ maxLength: 64, description: 'The job\'s ID, as in its `Location`' }) })

export const CredentialParams = Type.Object({ id: Id({ description: 'The credential\'s ID', examples: ['local-dev'] }) })

export const SecretParams = Type.Object({
  env: EnvironmentName,
  name: { ...Name, description: `${Name.description ?? ''}. In the path, \`/\` is written \`%2F\`, as in \`payments%2Fdb\`; Swagger UI does that itself` }
})

const credentialId = Type.Optional(Id({
  description: 'The ID of the AWS credential to use. Defaults to that of the environment',
  examples: ['local-dev']
}))

export const CredentialHeader = Type.Object({ 'aws-credential-id': credentialId })

export const WriteHeaders = Type.Object({
  'aws-credential-id': credentialId,
  'idempotency-key': Type.Optional(Type.String({
    pattern: '^[!-~]{1,255}$',
    description: 'Makes it safe to repeat a write: the same key, caller and secret result in the same version. Creating a ' +
      'single secret without a value creates no version, so a repetition is a conflict',
    examples: ['deploy-2026-11-21.4']
  }))
})

export const Page = {
  limit: Type.Optional(Type.Integer({
    minimum: shapes.MaxResultsType.min,
    maximum: shapes.MaxResultsType.max,
    default: shapes.MaxResultsType.max,
    description: 'The maximum number of items on a page'
  })),
  cursor: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 8_192,
    description: '`nextCursor` of the previous page. It is valid for a day, for the same caller and credential, and with the ' +
      'same parameters except `limit`'
  }))
}

export const NextCursor = Type.Optional(Type.String({ description: 'The cursor of the next page; absent on the last page' }))

/** Creates the schema of a query string, which refuses unknown parameters. */
export const Query = <T extends Record<string, TSchema>>(properties: T): ReturnType<typeof Type.Object<T>> =>
  Type.Object(properties, closed)

/** Creates a reference to a schema that the OpenAPI document contains as a component, under its `$id`. */
export const Ref = <T extends TSchema>(schema: T): TUnsafe<Static<T>> => Type.Unsafe<Static<T>>({ $ref: `${schema.$id ?? ''}#` })

/** Creates the schema of a successful reply in JSON. `content` adds other media types. */
export const Reply = <T extends TSchema>(description: string, schema: T, { headers = {}, content = {} }: {
  headers?: Record<string, object>
  content?: Record<string, { schema: object }>
} = {}): TUnsafe<Static<T>> => Type.Unsafe<Static<T>>({
  'x-response-description': description,
  headers: { ...RequestId, ...headers },
  content: { 'application/json': { schema }, ...content }
})

/** The header of a reply to a request that created a secret. */
export const Location = { Location: { type: 'string', description: 'The secret\'s path' } }

export const ETag = { ETag: { type: 'string', description: 'The version\'s ID, in quotes' } }

/** The problems that can occur on any route. */
const anyProblems = ['malformed-request', 'expectation-failed', 'request-timeout', 'headers-too-large', 'internal-error'] as const

/** The additional problems of routes that need a token. */
const gatewayProblems = [
  'invalid-request', 'unauthenticated', 'cross-site-request', 'rate-limited', 'identity-provider-unavailable', 'audit-unavailable',
  'overloaded'
] as const

/** The additional problems of routes that call AWS. */
const awsProblems = [
  'forbidden', 'not-found', 'uri-too-long', 'aws-access-denied', 'aws-refused', 'aws-unavailable', 'aws-throttled', 'aws-timeout', 'credential-invalid',
  'credential-account-mismatch'
] as const

/** Returns the problem responses of a route that needs no token. */
export const publicProblems = (...codes: readonly ProblemCode[]): object => problemResponses(...anyProblems, ...codes)

/** Returns the problem responses of a route that needs a token, but does not call AWS. */
export const withProblems = (...codes: readonly ProblemCode[]): object =>
  problemResponses(...gatewayProblems, ...anyProblems, ...codes)

/** Returns the problem responses of a route that calls AWS. */
export const withAwsProblems = (...codes: readonly ProblemCode[]): object =>
  problemResponses(...gatewayProblems, ...anyProblems, ...awsProblems, ...codes)

/** The additional problems of routes with a request body. */
export const bodyProblems = ['payload-too-large', 'unsupported-media-type'] as const
