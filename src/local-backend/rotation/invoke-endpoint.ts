import { FunctionError } from './function-error.ts'
import type { Invocation } from './rotation-event.ts'

/** The path of Lambda's own Invoke, which AWS SAM and the emulator of Lambda's runtime serve. */
const invokePath = /\/2015-03-31\/functions\/[^/]+\/invocations$/

/**
 * POSTs the event to a rotation function's endpoint, which says with a status of 2xx that the step is done. Lambda's Invoke says
 * so of failures too, and tells of them in a header or in the answer.
 *
 * Throws FunctionError, and the signal's reason where that ended the call.
 */
export async function invokeEndpoint (endpoint: URL, { event, signal }: Invocation): Promise<void> {
  const { status, hasFailed, answer } = await post(endpoint, JSON.stringify(event), signal)
  const errorType = errorTypeIn(answer)
  if (status < 200 || status > 299) throw new FunctionError(errorType ?? `Status${status}`)
  if (hasFailed) throw new FunctionError(errorType)
  if (!invokePath.test(endpoint.pathname)) return
  // The emulator leaves the header out, and what it says of a function that has timed out or crashed isn't JSON.
  if (answer === undefined) throw new FunctionError('Runtime.ExitError')
  if (errorType !== undefined) throw new FunctionError(errorType)
}

interface Answer {
  status: number
  /** Whether Lambda says that the function has failed. */
  hasFailed: boolean
  /** Undefined if it isn't JSON. */
  answer: unknown
}

async function post (endpoint: URL, body: string, signal: AbortSignal): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(endpoint, { method: 'POST', headers, body, redirect: 'manual', signal })
    return {
      status: response.status,
      hasFailed: response.headers.has('x-amz-function-error'),
      answer: parsed(await response.text())
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

function errorTypeIn (answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'errorType' in answer ? answer.errorType : undefined
}
