import fp from 'fastify-plugin'
import { compileValidatorLater } from '#src/http/validation'

/**
 * Validates requests against the routes' schemas. Unlike Fastify's default validator, does not drop unknown fields, and does not
 * coerce the values in a body.
 */
export default fp(async (fastify) => {
  fastify.setValidatorCompiler(compileValidatorLater)
}, { name: 'validation' })
