import fp from 'fastify-plugin'
import { createShutdown } from '#src/http/shutdown'

/** The graceful shutdown. docs/deployment.md describes its course. */
export default fp(async (fastify) => {
  const { begin, stopping, cutOff, shutDown } = createShutdown(fastify, () => fastify.config.current.server.shutdown)
  fastify.decorate('stopping', stopping)
  fastify.decorate('cutOff', cutOff)
  fastify.decorate('shutDown', shutDown)
  fastify.addHook('preClose', async () => { begin() })
}, { name: 'shutdown', dependencies: ['config'] })
