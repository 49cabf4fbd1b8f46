import fp from 'fastify-plugin'
import { createBudget, type Budget } from '#src/admission/budget'

declare module 'fastify' {
  interface FastifyInstance {
    /** The budget of memory for what requests and replies hold: bodies, values, results and replies that have not been read. */
    memory: Budget
  }
}

/** Provides the budget of memory. It outlives reloads of the configuration, which may change its size. */
export default fp(async (fastify) => {
  fastify.decorate('memory', createBudget(() => fastify.config.current.server.memory.budget, fastify.monotonic))
}, { name: 'memory', dependencies: ['config'] })
