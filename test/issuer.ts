import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose'
import type { Test } from 'tap'

/** A fake OpenID Connect issuer: only its signing keys, and the documents that publish them, are real. */
export interface Issuer {
  url: string
  /**
   * The reply to requests for the discovery document and the keys. Without `body`, the requested document is sent. If the reply
   * is undefined, the issuer closes the connection instead.
   */
  reply: { status: number, body?: unknown, headers?: Record<string, string> } | undefined
  /** The content of the discovery document: the issuer (by default `url`), and the path at which the keys are published. */
  claims: { issuer?: string, jwksPath: string }
  /** The paths requested so far. */
  requests: string[]
  privateKey: CryptoKey
  publicKey: CryptoKey
  /** Replaces the signing key. */
  rotate: (kid: string) => Promise<void>
  /**
   * Signs a token. It is valid for the audience `secrets-gateway`, unless the claims specify another. A claim that is undefined
   * is left out.
   */
  token: (claims?: Record<string, unknown>, header?: Record<string, unknown>) => Promise<string>
}

export async function startIssuer (t: Test, { alg = 'ES256' } = {}): Promise<Issuer> {
  const state = { keys: await generateKeyPair(alg, { extractable: true }), kid: 'first' }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    issuer.requests.push(path)
    if (issuer.reply === undefined) {
      request.socket.destroy()
      return
    }
    const { claims: { issuer: named = issuer.url, jwksPath } } = issuer
    const { status: declared, body, headers } = issuer.reply
    const isKnown = [jwksPath, '/.well-known/openid-configuration'].includes(path)
    const status = isKnown ? declared : 404
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    const documents = async (): Promise<unknown> => path === jwksPath
      ? { keys: [{ ...await exportJWK(state.keys.publicKey), kid: state.kid, use: 'sig' }] }
      : { issuer: named, jwks_uri: `${issuer.url}${jwksPath}` }
    documents().then((document) => { response.end(typeof body === 'string' ? body : JSON.stringify(body ?? document)) }, () => { response.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close(); server.closeAllConnections() })

  const issuer: Issuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reply: { status: 200 },
    claims: { jwksPath: '/jwks' },
    requests: [],
    get privateKey () { return state.keys.privateKey },
    get publicKey () { return state.keys.publicKey },
    async rotate (kid) {
      state.keys = await generateKeyPair(alg, { extractable: true })
      state.kid = kid
    },
    async token (claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const payload: JWTPayload = { iss: issuer.url, aud: 'secrets-gateway', sub: 'service', iat: now, exp: now + 600, ...claims }
      return new SignJWT(payload).setProtectedHeader({ alg, kid: state.kid, ...header }).sign(state.keys.privateKey)
    }
  }
  return issuer
}
