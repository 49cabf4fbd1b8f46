import type { FastifyPluginAsync } from 'fastify'

/** Declares the credential in the path as the subject of all routes below. The request pipeline checks it. */
const declareSubject: FastifyPluginAsync = async (fastify) => {
  fastify.routeDefaults = { about: 'credential' }
}

export default declareSubject
