import fp from 'fastify-plugin'
import { createBudget, type Budget } from '#src/admission/budget'

declare module 'fastify' {
  interface FastifyInstance {
    /** Limits the memory for the bodies, values, results and unread replies of all requests together. */
    memory: Budget
  }
}

/** Provides the memory budget. It outlives reloads of the configuration, which may change its size. */
export default fp(async (fastify) => {
  fastify.decorate('memory', createBudget(() => fastify.config.current.server.memory.budget, fastify.monotonic))
}, { name: 'memory', dependencies: ['config'] })
