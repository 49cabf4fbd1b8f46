import fp from 'fastify-plugin'
import { compileValidator } from '#src/http/validation'

/** Validates requests against the routes' schemas: no unknown field is dropped, and no value in a body is coerced. */
export default fp(async (fastify) => {
  fastify.setValidatorCompiler(compileValidator)
}, { name: 'validation' })
