import type { ErrorObject } from 'ajv'
import { pointerToken } from '#src/json/pointer'
import type { RequestError } from '#src/problems/problem'

/** A validation error of Ajv, as Fastify passes it on. */
export type SchemaError = Pick<ErrorObject, 'instancePath' | 'keyword' | 'params' | 'message' | 'parentSchema'> & Partial<Pick<ErrorObject, 'schemaPath'>>

const parts: Readonly<Record<string, RequestError['in']>> = { body: 'body', querystring: 'query', params: 'path', headers: 'header' }

/**
 * Converts Ajv's validation errors for the `errors` field of an `invalid-request` problem.
 *
 * @param part Fastify's name for the part of the request
 */
export function requestErrors (part: string, errors: readonly SchemaError[]): RequestError[] {
  const ofTypes = new Set(errors.filter((error) => typesIn(error) !== undefined).map(placeOf))
  return errors.filter((error) => !isBranch(error, ofTypes)).map((error) => ({
    in: parts[part] ?? 'body',
    pointer: error.instancePath + (part === 'querystring' ? '' : memberPointer(error.params)),
    message: messages[error.keyword]?.(error) ?? error.message ?? 'is invalid'
  }))
}

/**
 * Identifies the place of an error. Two errors have the same place if they concern the same value and the same part of the
 * schema.
 */
const placeOf = ({ instancePath, schemaPath = '' }: Pick<SchemaError, 'instancePath' | 'schemaPath'>): string => `${instancePath} ${schemaPath}`

/**
 * Returns true for an error about the type of a single alternative of `anyOf`. Such an error is superfluous, because the error of
 * `anyOf` itself names the types of all alternatives.
 *
 * @param ofTypes the places of the `anyOf` errors that list types
 */
const isBranch = ({ keyword, instancePath, schemaPath = '' }: SchemaError, ofTypes: ReadonlySet<string>): boolean =>
  keyword === 'type' && ofTypes.has(placeOf({ instancePath, schemaPath: schemaPath.replace(/\/\d+\/type$/, '') }))

/** Returns the types that an error of `anyOf` allows, or undefined for any other error. */
function typesIn ({ keyword, parentSchema }: SchemaError): string[] | undefined {
  if (keyword !== 'anyOf') return undefined
  const types = (parentSchema?.anyOf as { type?: string }[] | undefined)?.map(({ type }) => type) ?? []
  return types.every((type) => type !== undefined) && new Set(types).size === types.length ? types : undefined
}

/** Error messages that replace Ajv's own where those are too vague, by JSON Schema keyword. They never quote the request. */
const messages: Readonly<Partial<Record<string, (error: SchemaError) => string | undefined>>> = {
  additionalProperties: () => 'has a member that is not known here',
  anyOf (error) {
    const types = typesIn(error)
    return types && `must be ${types.join(' or ')}`
  },
  enum: ({ params: { allowedValues } }) => `must be one of: ${(allowedValues as string[]).join(', ')}`,
  type: ({ params: { type } }) => `must be ${[type].flat().join(' or ')}`,
  pattern: ({ parentSchema }) => typeof parentSchema?.description === 'string' ? `must have the form of: ${parentSchema.description}` : undefined
}

/**
 * Returns a pointer from an object to its missing or unknown member, or an empty string for any other error. It is appended to
 * Ajv's pointer, which ends at the object.
 */
function memberPointer ({ missingProperty, additionalProperty }: Record<string, unknown>): string {
  const member = missingProperty ?? additionalProperty
  return typeof member === 'string' ? `/${pointerToken(member)}` : ''
}
