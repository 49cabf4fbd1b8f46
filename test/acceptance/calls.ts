import type { ClientRequest } from 'node:http'
import { subscribe } from 'node:diagnostics_channel'

/** Returns a function that returns the number of requests that this process has sent to Secrets Manager since then. */
export function countCalls (): () => number {
  let calls = 0
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest }
    if (String(request.getHeader('x-amz-target')).startsWith('secretsmanager.')) calls++
  })
  return () => calls
}
