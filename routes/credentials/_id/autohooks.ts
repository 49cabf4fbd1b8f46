import type { FastifyPluginAsync } from 'fastify'

/** Declares that all routes in this folder are about the credential in the path, so the pipeline checks permissions on it. */
const declareSubject: FastifyPluginAsync = async (fastify) => {
  fastify.routeDefaults = { about: 'credential' }
}

export default declareSubject
