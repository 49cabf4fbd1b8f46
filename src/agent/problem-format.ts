import { faultOf } from '#src/aws-endpoint/faults'
import { isForwarding } from '#src/http/forwarding'
import { unstoredHeaders, type ProblemFormat } from '#src/http/problem-reply'
import type { ProblemCode } from '#src/problems/catalogue'
import { isProblem, Problem } from '#src/problems/problem'

/** A reply of the agent: its status, and its body, which is text or an error in JSON. */
interface AgentReply {
  readonly status: number
  readonly text?: string
  readonly fault?: { readonly __type: string, readonly message?: string }
}

const connectionLimit: AgentReply = { status: 429, text: 'Connection limit exceeded' }
const failure: AgentReply = { status: 500, fault: { __type: 'InternalFailure' } }

/** The problems for which the agent has its own replies. For all others, the reply is AWS's error. */
const replies: Readonly<Partial<Record<ProblemCode, AgentReply>>> = {
  unauthenticated: { status: 403, text: 'Bad Token' },
  'method-not-allowed': { status: 405, text: 'Not allowed' },
  'not-found': { status: 404, text: 'Not found' },
  'rate-limited': connectionLimit,
  overloaded: connectionLimit,
  'aws-timeout': { status: 504, fault: { __type: 'TimeoutError', message: 'Timeout' } },
  'aws-unavailable': { status: 502, fault: { __type: 'ConnectionError', message: 'Read Error' } },
  'internal-error': failure,
  'credential-invalid': failure,
  'credential-account-mismatch': failure,
  'identity-provider-unavailable': failure,
  'audit-unavailable': failure
}

/** Replies to a problem as AWS's agent does: in plain text, or with AWS's error as JSON. */
export const agentProblem: ProblemFormat = (problem) => {
  // Without an AWS error, these problems mean that AWS did not reply.
  const isAwsError = problem.options.failure?.cause === 'failed'
  const { status, text, fault } = mistakeIn(problem) ?? (isAwsError ? undefined : replies[problem.code]) ?? awsError(problem)
  return {
    status,
    headers: { ...unstoredHeaders(problem), 'content-type': text === undefined ? 'application/json' : 'text/plain; charset=utf-8' },
    body: text ?? JSON.stringify(fault)
  }
}

/**
 * Like `agentProblem`, for requests about a secret. If the caller may not see the environment, the reply is that of a missing
 * secret.
 */
export const secretProblem: ProblemFormat = (problem, request) =>
  agentProblem(isProblem(problem, 'not-found') ? new Problem('secret-not-found') : problem, request)

/**
 * Returns the agent's own reply to an invalid request. Returns undefined for any other problem, and for one that carries AWS's
 * error.
 */
function mistakeIn ({ code, status, options: { detail, errors = [], fault } }: Problem): AgentReply | undefined {
  if (code !== 'invalid-request' || fault !== undefined) return undefined
  const [{ in: part, pointer, message } = { in: 'query', pointer: '', message: '' }] = errors
  if (part === 'header' && isForwarding(pointer.slice(1))) return { status, text: 'Forwarded' }
  return { status, text: detail ?? `${part} ${pointer} ${message}` }
}

/** Returns AWS's error for a problem. */
function awsError (problem: Problem): AgentReply {
  const { type, message, status } = faultOf(problem)
  return { status, fault: { __type: type, message } }
}
