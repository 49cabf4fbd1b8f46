import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Limits } from '#src/config/limits'
import { addressGroup } from '#src/network/address-group'
import { ownWindows } from '#src/http/own-windows'
import { limiter } from '#src/http/rate-limit'
import type { RequestCounter } from '#src/http/request-counter'
import { sharedWindows } from '#src/http/shared-windows'
import { createWindowSync } from '#src/http/window-sync'

/**
 * Creates the rate limits:
 *
 * - `caller` limits the requests of each caller.
 * - `claim` limits the requests of each claimed caller and address, before a signature is verified. The signature covers the
 *   body, which must be read first. Until then, the sender is unproved, and must not use up the caller's limit.
 * - `environment` limits the requests of all callers together on each environment.
 * - `refresh` limits each caller's reads that demand AWS's own answer.
 * - `failures` limits the failed authentications from each address.
 * - `address` limits the requests from each address on public routes.
 *
 * `failures` and `address` have the same limit, but count separately. Neither counts an authenticated request on a non-public
 * route, so callers with the same address do not affect each other.
 *
 * If the replicas share their state, each limit applies to all of them together.
 */
export default fp(async (fastify) => {
  const { monotonic, shared } = fastify
  const sync = shared && createWindowSync(shared)
  const counter = (purpose: string): RequestCounter =>
    shared === undefined || sync === undefined ? ownWindows(monotonic) : sharedWindows(shared, sync, monotonic, purpose)
  const limits = (): Limits => fastify.config.current.limits
  const address = { limits, which: 'address', keyOf: ({ found: { peer = '' } }: FastifyRequest) => addressGroup(peer) } as const
  fastify.decorate('limits', {
    failures: limiter({ ...address, countRequest: counter('failures') }),
    address: limiter({ ...address, countRequest: counter('address') }),
    claim: limiter({
      countRequest: counter('claim'),
      limits,
      which: 'caller',
      keyOf: ({ caller, found: { peer = '' } }) => JSON.stringify([caller.id, addressGroup(peer)])
    }),
    caller: limiter({ countRequest: counter('caller'), limits, which: 'caller', keyOf: ({ caller }) => caller.id }),
    environment: limiter({
      countRequest: counter('environment'), limits, which: 'environment', isShared: true, keyOf: ({ environment }) => environment.name
    }),
    refresh: limiter({ countRequest: counter('refresh'), limits, which: 'refresh', keyOf: ({ caller }) => caller.id })
  })
}, { name: 'rate-limit', dependencies: ['config', 'shared'] })
