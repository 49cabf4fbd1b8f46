import { generateKeyPairSync } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import fp from 'fastify-plugin'
import { authenticator, tokenIn } from '#src/authentication/authenticator'
import { awsLogin } from '#src/authentication/aws-login'
import type { Caller } from '#src/authentication/caller'
import { tokenKeys, type IssuedToken } from '#src/authentication/gateway-token'
import { keySet, type KeySource } from '#src/authentication/key-set'
import { usedSignatures } from '#src/authentication/used-signatures'
import { stsUrl } from '#src/aws/endpoints'
import { addressGroup } from '#src/network/address-group'
import { getOrCreate } from '#src/collections/get-or-create'
import { Problem } from '#src/problems/problem'
import type { AuthenticateRequest } from '#src/request/steps/authenticate'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns the caller that the request's token or client certificate identifies. */
    authenticate: AuthenticateRequest
    /** Takes the headers of a signed `GetCallerIdentity` request, and issues a token to the AWS identity that signed it. */
    awsLogin: (headers: Readonly<Record<string, string>>) => Promise<IssuedToken & { caller: Caller }>
  }
}

/** Authenticates callers by API key, by token (from an OIDC issuer or from the AWS login), or by client certificate. */
export default fp(async (fastify) => {
  // The next three constants outlive a reload of the configuration, so that issued tokens stay valid and used signatures stay
  // refused.
  const keySets = new Map<string, JWTVerifyGetKey>()
  const ownKey = generateKeyPairSync('ed25519').privateKey
  const used = usedSignatures(fastify.monotonic)

  function keysOf ({ issuer, jwksUri }: KeySource): JWTVerifyGetKey {
    const id = JSON.stringify([issuer, jwksUri])
    const keys = keySets.get(id) ?? keySet({ issuer, ...(jwksUri !== undefined && { jwksUri }) }, fastify.monotonic)
    keySets.set(id, keys)
    return keys
  }

  const authentication = fastify.config.derive(({ authentication: settings, aws: endpoints }) => {
    const { aws } = settings
    const keys = tokenKeys(aws?.keys ?? [], ownKey)
    const urls = new Map<string, Promise<string>>()
    return {
      authenticate: authenticator(settings, keysOf, keys, fastify.monotonic),
      login: aws && {
        settings: aws,
        keys,
        used,
        stsUrl: async (region: string) => getOrCreate(urls, region, async () => stsUrl(endpoints, region))
      }
    }
  })

  fastify.decorate('awsLogin', async (headers) => {
    const { login } = authentication()
    if (login === undefined) throw new Problem('not-found')
    return awsLogin(login, headers, fastify.now())
  })

  fastify.decorate('authenticate', ({ headers, raw: { socket }, route: { config: { tokenHeaders } }, found: { peer = '' } }) => {
    const presented = tokenHeaders === undefined
      ? { authorization: headers.authorization, certificate: () => fastify.certificateCaller(socket) }
      : tokenIn(headers, tokenHeaders())
    return authentication().authenticate(presented, fastify.now(), addressGroup(peer))
  })
}, { name: 'authentication', dependencies: ['config', 'tls'] })
