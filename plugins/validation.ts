import fp from 'fastify-plugin'
import { validatorOf } from '#src/http/validation'

/** Requests are held to their schemas as they are: nothing is dropped, and nothing in a body is coerced. */
export default fp(async (fastify) => {
  fastify.setValidatorCompiler(validatorOf)
}, { name: 'validation' })
