import fp from 'fastify-plugin'
import { createShutdown } from '#src/http/shutdown'

/** Provides the graceful shutdown. docs/deployment.md describes its steps. */
export default fp(async (fastify) => {
  const { begin, stopping, cutOff, shutDown } = createShutdown(fastify, () => fastify.config.current.server.shutdown)
  fastify.decorate('stopping', stopping)
  fastify.decorate('cutOff', cutOff)
  fastify.decorate('shutDown', shutDown)
  fastify.addHook('preClose', async () => { begin() })
}, { name: 'shutdown', dependencies: ['config'] })
