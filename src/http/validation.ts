import { Ajv } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { compileBodyValidator, strict } from './body-validation.ts'

/**
 * The validator of all parts of a request except the body. These parts are text, which is coerced to the schema's types. Where
 * the schema requires a list, a single value becomes a list of one item.
 */
const text = new Ajv({ ...strict, coerceTypes: 'array' })

/** Compiles the schema of one part of a route's requests. */
export const compileValidator: FastifySchemaCompiler<object> = (route) =>
  route.httpPart === 'body' ? compileBodyValidator(route) : text.compile(route.schema)
