import { randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'
import { createCursors, cursorKeyBytes, type Cursors } from '#src/secrets/cursors'

declare module 'fastify' {
  interface FastifyInstance {
    /** The cursors of lists. */
    cursors: Cursors
  }
}

/** Provides the cursors of lists. Uses the configured keys or, if there are none, a random key of this process. */
export default fp(async (fastify) => {
  // This key survives reloads of the configuration, so that cursors stay valid.
  const ownKey = randomBytes(cursorKeyBytes)
  const keys = fastify.config.derive(({ server: { cursorKeys: [first = ownKey, ...others] } }) => [first, ...others] as const)
  fastify.decorate('cursors', createCursors(keys, fastify.now))
}, { name: 'cursors', dependencies: ['config'] })
