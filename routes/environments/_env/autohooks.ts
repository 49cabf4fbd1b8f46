import type { FastifyPluginAsync } from 'fastify'

/** Declares that all routes in this folder are about the environment in the path, so the pipeline checks permissions on it. */
const declareSubject: FastifyPluginAsync = async (fastify) => {
  fastify.routeDefaults = { about: 'environment' }
}

export default declareSubject
