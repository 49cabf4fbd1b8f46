import { FunctionError } from './function-error.ts'
import type { Invocation } from './rotation-event.ts'

/** The path of Lambda's Invoke API, which AWS SAM and Lambda's runtime interface emulator serve. */
const invokePath = /\/2015-03-31\/functions\/[^/]+\/invocations$/

/**
 * POSTs the event to a rotation function's endpoint. The function has failed if at least one of these applies:
 * - The status isn't 2xx.
 * - The reply has the header `X-Amz-Function-Error`.
 * - The endpoint is Lambda's Invoke API, and the body either isn't JSON or contains an `errorType`.
 *
 * @throws FunctionError if the function fails; the signal's reason if the signal aborted the call
 */
export async function invokeEndpoint (endpoint: URL, { event, signal }: Invocation): Promise<void> {
  const { status, hasFailed, body } = await post(endpoint, JSON.stringify(event), signal)
  const errorType = errorTypeIn(body)
  if (status < 200 || status > 299) throw new FunctionError(errorType ?? `Status${status}`)
  if (hasFailed) throw new FunctionError(errorType)
  if (!invokePath.test(endpoint.pathname)) return
  // Lambda's runtime interface emulator never sends `X-Amz-Function-Error`, so the body has to be checked. If the function timed
  // out or crashed, the body isn't JSON.
  if (body === undefined) throw new FunctionError('Runtime.ExitError')
  if (errorType !== undefined) throw new FunctionError(errorType)
}

interface Reply {
  status: number
  /** True if the reply has the `X-Amz-Function-Error` header, with which Lambda reports that the function failed. */
  hasFailed: boolean
  /** The parsed body; undefined if it isn't JSON. */
  body: unknown
}

async function post (endpoint: URL, body: string, signal: AbortSignal): Promise<Reply> {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(endpoint, { method: 'POST', headers, body, redirect: 'manual', signal })
    return {
      status: response.status,
      hasFailed: response.headers.has('x-amz-function-error'),
      body: parsed(await response.text())
    }
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error ? error.cause : undefined
    throw new FunctionError(cause instanceof Error && 'code' in cause ? cause.code : undefined)
  }
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function errorTypeIn (body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'errorType' in body ? body.errorType : undefined
}
