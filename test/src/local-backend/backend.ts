import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request as send, type IncomingHttpHeaders, type Server } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Test } from 'tap'
import {
  startLocalBackend, type Account, type LocalBackend, type LocalBackendOptions
} from '#src/local-backend/server'
import { uncountedNode } from '#test/uncounted'

export const account: Account = { accountId: '123456789012', accessKeyId: 'AKIALOCALDEV', secretAccessKey: 'dev+secret/key' }
export const otherAccount: Account = { accountId: '210987654321', accessKeyId: 'AKIALOCALPROD', secretAccessKey: 'prod-secret-key' }

export const region = 'eu-west-1'
export { day } from '#src/local-backend/rules/day'

/** A clock that moves only on demand. */
export interface Clock {
  now: number
  move: (milliseconds: number) => void
}

export function stoppedClock (start = '2026-03-04T10:20:30.456Z'): Clock {
  const clock = { now: Date.parse(start), move: (milliseconds: number) => void (clock.now += milliseconds) }
  return clock
}

/** Starts a backend with two accounts, and closes it at the end of the test. */
export async function start (t: Test, options: Partial<LocalBackendOptions> = {}): Promise<LocalBackend> {
  const backend = await startLocalBackend({ accounts: [account, otherAccount], ...options })
  t.teardown(() => backend.close())
  return backend
}

/** A local backend that runs as a separate process. The test can read its standard output. */
export type Program = ChildProcessByStdio<null, Readable, null>

export const main = join(import.meta.dirname, '../../../src/local-backend/main.ts')

/**
 * Starts a local backend as a separate process, with a data folder and a single account.
 *
 * @param node arguments of env(1) that start Node.js; by default, the coverage of the process is not measured
 */
export function spawnProgram (dataDir: string, options: readonly string[] = [], node: readonly string[] = uncountedNode): Program {
  const { accountId, accessKeyId, secretAccessKey } = account
  return spawn('env', [
    ...node, main, '--port', '0', '--data-dir', dataDir, '--account', `${accountId}=${accessKeyId}:${secretAccessKey}`, ...options
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Returns the URL that a started program listens on, or undefined if it exits first. */
export async function urlOf (program: Program): Promise<string | undefined> {
  const ended = new AbortController()
  const printed = once(program.stdout, 'data', { signal: ended.signal }).then(([chunk]) => String(chunk), () => '')
  program.once('exit', () => {
    ended.abort()
  })
  return /http:\S+:\d+/.exec(await printed)?.[0]
}

/** Waits until a server in this process has received the next request's headers, and returns that server. */
export function nextRequest (): Promise<Server> {
  return new Promise((resolve) => {
    const heard = (message: unknown) => {
      unsubscribe('http.server.request.start', heard)
      resolve((message as { server: Server }).server)
    }
    subscribe('http.server.request.start', heard)
  })
}

/** Returns a client of the real SDK, without retries. */
export function clientOf (t: Test, { url }: { url: string }, credentials = account, inRegion = region): SecretsManagerClient {
  const client = new SecretsManagerClient({ endpoint: url, region: inRegion, credentials, maxAttempts: 1 })
  t.teardown(() => {
    client.destroy()
  })
  return client
}

/** A signed request that is about to be sent. */
export interface SentRequest {
  headers: Record<string, string | string[]>
  body: string | Uint8Array
  path: string
  method: string
}

export interface RawRequest {
  operation?: string
  body?: string | Uint8Array
  headers?: Record<string, string>
  service?: string
  signingDate?: Date
  credentials?: Account
  inRegion?: string
  /** Modifies the request after it has been signed. */
  tamper?: (request: SentRequest) => unknown
}

export interface RawResponse {
  status: number | undefined
  headers: IncomingHttpHeaders
  body: string
}

/** A hash with the interface that the signing library expects. */
export class Sha256 {
  readonly #hash
  constructor (secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret))
  }

  update (data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(data))
  }

  async digest (): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

function bytes (data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
}

/** Signs a request, lets `tamper` modify it, and sends it. */
export async function rawRequest ({ url }: { url: string }, raw: RawRequest): Promise<RawResponse> {
  const { operation = 'ListSecrets', body = '{}', service = 'secretsmanager', credentials = account, inRegion = region } = raw
  const { host, hostname, port } = new URL(url)
  const signer = new SignatureV4({ credentials, region: inRegion, service, sha256: Sha256, applyChecksum: false })
  const signed = await signer.sign(new HttpRequest({
    method: 'POST',
    hostname,
    path: '/',
    headers: {
      host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}`, ...raw.headers
    },
    body
  }), { signingDate: raw.signingDate ?? new Date() })
  const sent: SentRequest = { headers: { ...signed.headers }, body, path: '/', method: 'POST' }
  raw.tamper?.(sent)
  return new Promise((resolve, reject) => {
    const { method, path, headers } = sent
    const request = send({ hostname, port, method, path, headers, agent: false }, (response) => {
      text(response).then((answered) => {
        resolve({ status: response.statusCode, headers: response.headers, body: answered })
      }, reject)
    })
    request.on('error', reject)
    request.end(sent.body)
  })
}

/** Returns the error in a raw response, after checking that the response has exactly AWS's format. */
export function errorIn (
  t: Test, { status, headers, body }: RawResponse
): { type: unknown, message: unknown, status: number | undefined } {
  const error = JSON.parse(body) as Record<string, unknown>
  t.strictSame(Object.keys(error), ['__type', 'Message'])
  t.equal(headers['content-type'], 'application/x-amz-json-1.1')
  t.match(headers['x-amzn-requestid'], /^[0-9a-f-]{36}$/)
  return { type: error.__type, message: error.Message, status }
}
