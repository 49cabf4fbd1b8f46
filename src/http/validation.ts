import { Ajv, type ErrorObject, type Options } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { pointerToken } from '#src/json/pointer'
import type { RequestError } from '#src/problems/problem'

/** No part of a request is ever repaired: an unknown field is not dropped, and a default is for the document. */
const strict: Options = {
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  addUsedSchema: false
}

/** A body says what type each value has, and is held to it. */
const body = new Ajv(strict)

/** The rest of a request is text, and is read as what the schema asks for; a single value is a list of one. */
const text = new Ajv({ ...strict, coerceTypes: 'array' })

/** The validator of one part of a route's requests. */
export const validatorOf: FastifySchemaCompiler<object> = ({ schema, httpPart }) => (httpPart === 'body' ? body : text).compile(schema)

/** What Ajv reports, as Fastify passes it on. */
export type SchemaError = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params' | 'message' | 'parentSchema'>

const parts: Readonly<Record<string, RequestError['in']>> = { body: 'body', querystring: 'query', params: 'path', headers: 'header' }

/** What Fastify reports of a request that a schema refused, in the API's words. */
export function requestErrors (part: string, errors: readonly SchemaError[]): RequestError[] {
  return errors.map((error) => ({
    in: parts[part] ?? 'body',
    pointer: error.instancePath + (part === 'querystring' ? '' : ownPointer(error.params)),
    message: messages[error.keyword]?.(error) ?? error.message ?? 'is invalid'
  }))
}

/** Where Ajv's own words say too little. None of them quotes what was found. */
const messages: Readonly<Partial<Record<string, (error: SchemaError) => string | undefined>>> = {
  additionalProperties: () => 'has a member that is not known here',
  enum: ({ params: { allowedValues } }) => `must be one of: ${(allowedValues as string[]).join(', ')}`,
  type: ({ params: { type } }) => `must be ${[type].flat().join(' or ')}`,
  pattern: ({ parentSchema }) => typeof parentSchema?.description === 'string' ? `must have the form of: ${parentSchema.description}` : undefined
}

/** Ajv points at the object; the caller wants the member that is missing or too many. Its name is no value. */
function ownPointer ({ missingProperty, additionalProperty }: Record<string, unknown>): string {
  const member = missingProperty ?? additionalProperty
  return typeof member === 'string' ? `/${pointerToken(member)}` : ''
}
