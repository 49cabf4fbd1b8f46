import { generateKeyPairSync } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { authenticator, tokenIn } from '#src/authentication/authenticator'
import { awsLogin } from '#src/authentication/aws-login'
import { awsSessions, type AwsKeys } from '#src/authentication/aws-sessions'
import type { Caller, Identity, Proof } from '#src/authentication/caller'
import { authoritiesHash } from '#src/authentication/client-certificate'
import { tokenKeys, type IssuedToken } from '#src/authentication/gateway-token'
import { keySet, type KeySource } from '#src/authentication/key-set'
import { ownSignatures } from '#src/authentication/own-signatures'
import { sharedSignatures } from '#src/authentication/shared-signatures'
import { stsUrl } from '#src/aws/endpoints'
import { addressGroup } from '#src/network/address-group'
import { getOrCreate } from '#src/collections/get-or-create'
import { Problem } from '#src/problems/problem'
import { claimOf, isSigned, verifyClaim } from '#src/request/aws-claims'
import type { AuthenticateRequest } from '#src/request/steps/authenticate'
import type { VerifySigned } from '#src/request/steps/verify-signature'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns the caller that the request's token, client certificate or AWS session identifies. */
    authenticate: AuthenticateRequest
    /** Verifies the signature of a request, which covers the body. */
    verifySigned: VerifySigned
    /** Returns the proof that identifies the caller of a request, for work that outlives the request. */
    proofOf: (request: FastifyRequest) => Promise<Proof>
    /**
     * Returns the caller that a proof identifies in the current configuration.
     *
     * @throws Problem `unauthenticated` if the configuration does not accept the proof
     */
    recognize: (proof: Proof) => Caller
    /** Issues keys for AWS's protocol to the caller of a request. */
    issueAwsKeys: (request: FastifyRequest) => Promise<AwsKeys>
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
  const { shared, monotonic } = fastify
  const used = shared === undefined ? ownSignatures(monotonic) : sharedSignatures(shared, monotonic)

  function keysOf ({ issuer, jwksUri }: KeySource): JWTVerifyGetKey {
    const id = JSON.stringify([issuer, jwksUri])
    const keys = keySets.get(id) ?? keySet({ issuer, ...(jwksUri !== undefined && { jwksUri }) }, fastify.monotonic)
    keySets.set(id, keys)
    return keys
  }

  const authentication = fastify.config.derive(({ authentication: settings, aws: endpoints, server }) => {
    const { aws } = settings
    const keys = tokenKeys(aws?.keys ?? [], ownKey)
    const authorities = authoritiesHash(server.tls?.clients?.ca)
    const { identify, recognize } = authenticator(settings, authorities, keysOf, keys, fastify.monotonic)
    const urls = new Map<string, Promise<string>>()
    return {
      identify,
      recognize,
      sessions: awsSessions(keys, recognize),
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

  function identify (request: FastifyRequest): Identity | Promise<Identity> {
    const { headers, raw: { socket }, route: { config: { tokenHeaders } }, found: { peer = '' } } = request
    const presented = tokenHeaders === undefined
      ? { authorization: headers.authorization, certificate: () => fastify.certificateIdentity(socket) }
      : tokenIn(headers, tokenHeaders())
    return authentication().identify(presented, fastify.now(), addressGroup(peer))
  }

  fastify.decorate('authenticate', (request) => {
    const { headers, route: { config } } = request
    if (config.speaksAws === true && isSigned(headers)) return claimOf(request, authentication().sessions, fastify.now)
    const identity = identify(request)
    return identity instanceof Promise ? identity.then(({ caller }) => ({ caller })) : { caller: identity.caller }
  })
  fastify.decorate('verifySigned', (claim, body) => { verifyClaim(claim, body, authentication().sessions) })
  fastify.decorate('proofOf', async (request) => (await identify(request)).proof)
  fastify.decorate('recognize', (proof) => authentication().recognize(proof, fastify.now()))
  fastify.decorate('issueAwsKeys', async (request) => authentication().sessions.issue(await identify(request), fastify.now()))
}, { name: 'authentication', dependencies: ['config', 'shared', 'tls'] })
