import type { FastifyPluginAsync } from 'fastify'

/** Declares the environment in the path as the subject of all routes below. The request pipeline checks it. */
const declareSubject: FastifyPluginAsync = async (fastify) => {
  fastify.routeDefaults = { about: 'environment' }
}

export default declareSubject
