import { Ajv } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { compileBodyValidator, strict } from './body-validation.ts'

type Validate = ReturnType<FastifySchemaCompiler<object>>

/**
 * The validator of all parts of a request except the body. These parts are text, which is coerced to the schema's types. Where
 * the schema requires a list, a single value becomes a list of one item.
 */
const text = new Ajv({ ...strict, coerceTypes: 'array' })

/** Compiles the schema of one part of a route's requests. */
export const compileValidator: FastifySchemaCompiler<object> = (route) =>
  route.httpPart === 'body' ? compileBodyValidator(route) : text.compile(route.schema)

/** Does the same as `compileValidator`, but only at the first request, so that the gateway starts faster. */
export const compileValidatorLater: FastifySchemaCompiler<object> = (route) => {
  let compiled: Validate | undefined
  const validate: Validate = (part) => {
    compiled ??= compileValidator(route)
    const result = compiled(part)
    validate.errors = compiled.errors ?? null
    return result
  }
  return validate
}
