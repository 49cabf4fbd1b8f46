/**
 * The health check of the container: exits with 0 if the gateway in the same container replies, and with 1 if not. Reads the same
 * environment variables and the same configuration file as the gateway, so it works on any port, and with TLS.
 */
import { readFileSync } from 'node:fs'
import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { outputsOf } from '#src/command-line/output'
import { probeUrl } from './target.ts'

/** The milliseconds in which the gateway must reply. Less than the timeout of the image's health check. */
const timeout = 2_000

/** Returns the status of the reply. */
async function probe (url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    // The certificate is for the name that callers use, and this connection never leaves the container.
    const options = { rejectUnauthorized: false, timeout, agent: false }
    const request = url.startsWith('https:') ? requestTls(url, options) : requestPlain(url, options)
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('timeout', () => { request.destroy(new Error(`No reply in ${timeout} ms`)) })
    request.on('error', reject).end()
  })
}

try {
  const { GATEWAY_CONFIG: file } = process.env
  const url = probeUrl(process.env, file === undefined ? undefined : readFileSync(file, 'utf8'))
  const status = await probe(url)
  if (status !== 200) throw new Error(`${url} replied with ${status}`)
} catch (error) {
  outputsOf(process).stderr.text(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
