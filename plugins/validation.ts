import fp from 'fastify-plugin'
import { compileValidator } from '#src/http/validation'

/** Validates requests against the routes' schemas. Unlike Fastify's default, never drops unknown fields or coerces bodies. */
export default fp(async (fastify) => {
  fastify.setValidatorCompiler(compileValidator)
}, { name: 'validation' })
