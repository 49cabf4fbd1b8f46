import type { ClientRequest } from 'node:http'
import { subscribe } from 'node:diagnostics_channel'

/** Starts to count this process's requests to Secrets Manager. Returns a function that returns the count. */
export function countCalls (): () => number {
  let calls = 0
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest }
    if (String(request.getHeader('x-amz-target')).startsWith('secretsmanager.')) calls++
  })
  return () => calls
}
