import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  authorizationCodeGrant, buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier, randomState,
  type Configuration
} from 'openid-client'
import type { Credential } from '#src/cli/profiles/profiles'
import { CommandFailure, type Terminal } from '#src/cli/terminal'
import { authorizationParameters, credentialFrom, issuerFailure, resourceOf, type Issuer } from './openid.ts'

/** How long the login in the browser may take, in milliseconds. */
const loginTimeout = 10 * 60_000

/**
 * Logs in with a browser on this machine. The issuer redirects the browser to a server on the loopback interface (RFC 8252), and
 * PKCE makes the authorization code useless to anybody else.
 *
 * @throws CommandFailure if the issuer refuses, or if the login takes too long
 */
export async function logInWithBrowser (issuer: Issuer, configuration: Configuration, terminal: Terminal): Promise<Credential> {
  const [verifier, state, nonce] = [randomPKCECodeVerifier(), randomState(), randomNonce()]
  const server = createServer().listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const callback = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
    const page = buildAuthorizationUrl(configuration, {
      ...authorizationParameters(issuer),
      redirect_uri: callback,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce
    })
    terminal.stderr.lines(['Log in on this page, which opens in your browser:', `  ${page.href}`])
    openBrowser(page.href, terminal.env)
    const returned = await callbackAt(server, callback, state)
    const checks = { pkceCodeVerifier: verifier, expectedState: state, ...issuer.scope.split(' ').includes('openid') && { expectedNonce: nonce } }
    return credentialFrom(await authorizationCodeGrant(configuration, returned, checks, resourceOf(issuer)), issuer)
  } catch (error) {
    throw issuerFailure(issuer.issuer, error)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/**
 * Waits for the request to which the issuer redirects the browser. Other programs can't forge it, because they don't know the
 * `state`.
 */
async function callbackAt (server: Server, callback: string, state: string): Promise<URL> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(new CommandFailure('Nobody logged in within 10 minutes')) }, loginTimeout)
    server.on('request', (request, response) => {
      // Any process on the machine can send a request, even with an invalid target such as //.
      const url = URL.parse(request.url ?? '', callback)
      const isReturn = request.method === 'GET' && url?.pathname === '/callback' && url.searchParams.get('state') === state
      response.writeHead(isReturn ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
      response.end(isReturn ? 'Return to the terminal, where secretsctl shows whether you are logged in. You can close this window.\n' : 'Not found\n')
      if (url === null || !isReturn) return
      clearTimeout(timer)
      response.once('close', () => { resolve(url) })
    })
  })
}

/** The programs that open a page, by platform. */
const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = { darwin: ['open'], win32: ['rundll32', 'url.dll,FileProtocolHandler'] }

/**
 * Opens a page in the browser, with the program in BROWSER or the platform's own. Ignores a failure, because the page's URL has
 * been printed.
 */
function openBrowser (page: string, { BROWSER = '' }: NodeJS.ProcessEnv): void {
  const [program = 'xdg-open', ...args] = BROWSER === '' ? openers[process.platform] ?? [] : [BROWSER]
  const child = spawn(program, [...args, page], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}

/** Returns true if a browser can probably be opened on this machine. */
export function hasBrowser (env: NodeJS.ProcessEnv, platform = process.platform): boolean {
  const { BROWSER = '', DISPLAY = '', WAYLAND_DISPLAY = '', SSH_CONNECTION = '' } = env
  if (BROWSER !== '') return true
  return SSH_CONNECTION === '' && (Object.hasOwn(openers, platform) || `${DISPLAY}${WAYLAND_DISPLAY}` !== '')
}
