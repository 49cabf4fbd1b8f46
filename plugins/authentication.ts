import { generateKeyPairSync } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import fp from 'fastify-plugin'
import { authenticator } from '#src/authentication/authenticate'
import { awsLogin } from '#src/authentication/aws-login'
import type { Caller } from '#src/authentication/caller'
import { tokenKeys, type IssuedToken } from '#src/authentication/gateway-token'
import { keySet, type KeySource } from '#src/authentication/key-set'
import { usedSignatures } from '#src/authentication/used-signatures'
import { isProblem, Problem } from '#src/problems/problem'

declare module 'fastify' {
  interface FastifyInstance {
    /** Gives the AWS identity that signed a `GetCallerIdentity` request with these headers a token. */
    awsLogin: (headers: Readonly<Record<string, string>>) => Promise<IssuedToken & { caller: Caller }>
  }
  interface FastifyRequest {
    /** Who sends the request; there is none on a public route. */
    caller?: Caller
  }
}

/** Who: before the body is read. */
export default fp(async (fastify) => {
  // What outlives a reload of the configuration.
  const keySets = new Map<string, JWTVerifyGetKey>()
  const ownKey = generateKeyPairSync('ed25519').privateKey
  const used = usedSignatures()

  function keysOf ({ issuer, jwksUri }: KeySource): JWTVerifyGetKey {
    const id = JSON.stringify([issuer, jwksUri])
    const keys = keySets.get(id) ?? keySet({ issuer, ...(jwksUri !== undefined && { jwksUri }) }, fastify.now)
    keySets.set(id, keys)
    return keys
  }

  const gate = fastify.config.derive(({ authentication, aws: { stsEndpoint } }) => {
    const { aws } = authentication
    const keys = tokenKeys(aws?.keys ?? [], ownKey)
    return {
      authenticate: authenticator(authentication, keysOf, keys),
      login: aws && { settings: aws, keys, used, ...(stsEndpoint !== undefined && { endpoint: stsEndpoint }) }
    }
  })

  fastify.decorate('awsLogin', async (headers) => {
    const { login } = gate()
    if (login === undefined) throw new Problem('not-found')
    return awsLogin(login, headers, fastify.now())
  })

  fastify.decorateRequest('caller')

  fastify.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.action === 'Public') return
    const { headers: { authorization } } = request
    try {
      request.caller = await gate().authenticate({ authorization, certificate: () => request.certificateCaller() }, fastify.now())
    } catch (error) {
      if (isProblem(error, 'unauthenticated')) await fastify.limitFailures(request, reply)
      throw error
    }
  })
}, { name: 'authentication', dependencies: ['config', 'errors', 'request-headers', 'tls', 'trusted-proxies', 'address-limit'] })
