import type { FastifyPluginAsync } from 'fastify'

/** Every route in this folder is about the secret in its path; plugins/request.ts checks it before a handler runs. */
const declareSubject: FastifyPluginAsync = async (fastify) => {
  fastify.routeDefaults = { about: 'secret' }
}

export default declareSubject
