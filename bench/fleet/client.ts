import { Agent, request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'

/** A reply, or the error that occurred instead. */
export type Answer =
  | { readonly status: number, readonly body: string, readonly balancer: string | undefined }
  | { readonly status: undefined, readonly body: string }

export type Send = (method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>) => Promise<Answer>

/** Returns a function that sends requests with a token, on keep-alive connections. It never rejects. */
export function createClient (url: string, token: string, agent: Agent): Send {
  return async (method, path, body, headers = {}) => new Promise((resolve) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const failed = (error: unknown): void => { resolve({ status: undefined, body: String(error) }) }
    const request = httpRequest(url + path, { method, agent, headers: { authorization: `Bearer ${token}`, ...type, ...headers } }, (reply) => {
      const { 'x-balancer': balancer } = reply.headers
      text(reply).then((all) => {
        resolve({ status: reply.statusCode ?? 0, body: all, balancer: balancer === undefined ? undefined : String(balancer) })
      }, failed)
    })
    request.once('error', failed).end(body === undefined ? undefined : JSON.stringify(body))
  })
}
