import { isIP } from 'node:net'
import fp from 'fastify-plugin'
import { trustedProxyList } from '#src/config/server'
import { invalidRequest } from '#src/problems/problem'

const forwarding = /^(forwarded|x-forwarded-.*)$/

/**
 * Refuses forwarding headers from anyone but a trusted proxy: either somebody pretends to be another, or a proxy is missing from
 * the configuration, and all its callers would share its address.
 */
export default fp(async (fastify) => {
  const trusts = fastify.config.derive(({ server }) => trustedProxyList(server.trustedProxies))

  fastify.addHook('onRequest', async (request) => {
    const header = Object.keys(request.headers).find((name) => forwarding.test(name))
    if (header === undefined) return
    const refuse = (message: string): Error => invalidRequest({ in: 'header', pointer: `/${header}`, message })
    if (!trusts()(request.raw.socket.remoteAddress ?? '')) throw refuse('is taken from a trusted proxy alone')
    if (isIP(request.ip) === 0) throw refuse('has no IP address where the caller\'s should be')
  })
}, { name: 'trusted-proxies', dependencies: ['config', 'errors', 'request-headers'] })
