import { Type, type Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { catalogue, catalogueEntry, type ProblemCode } from '#src/problems/catalogue'
import { failureText } from '#src/problems/failure'
import { Problem } from '#src/problems/problem'

export const ProblemSchema = Type.Object({
  type: Type.String({ description: 'A URI that identifies the kind of problem', examples: ['urn:secrets-gateway:problem:secret-not-found'] }),
  title: Type.String({ description: 'A summary of the kind of problem', examples: ['There is no such secret'] }),
  status: Type.Integer({ description: 'The HTTP status', examples: [404] }),
  detail: Type.String({
    description: 'What happened, and what to do about it',
    examples: ['Check the name, the environment and the credential; `/` in a name is written `%2F`.']
  }),
  instance: Type.String({
    description: 'A URI that identifies this occurrence',
    examples: ['urn:secrets-gateway:request:0c5dbf04-97f1-4f0c-8e2f-6a4b4f6d1f0e']
  }),
  code: Type.Unsafe<ProblemCode>(Type.String({
    enum: Object.keys(catalogue),
    description: 'The machine-readable kind of problem',
    examples: ['secret-not-found']
  })),
  requestId: Type.String({ description: 'The `X-Request-Id` of the reply' }),
  awsRequestId: Type.Optional(Type.String({ description: 'AWS\'s ID of the call, as in CloudTrail' })),
  errors: Type.Optional(Type.Array(Type.Object({
    in: Type.Union((['body', 'query', 'path', 'header'] as const).map((part) => Type.Literal(part)), {
      description: 'The part of the request that contains the error'
    }),
    pointer: Type.String({ description: 'A JSON pointer (RFC 6901) into that part', examples: ['/secrets/3/name'] }),
    message: Type.String({ examples: ['must NOT have more than 512 characters'] })
  }), { description: 'The errors in an invalid request, at most 100' })),
  errorCount: Type.Optional(Type.Integer({ description: 'The number of errors found; `errors` contains the first 100. The search may end at 100, so there may be more', examples: [1] }))
}, {
  $id: 'Problem',
  title: 'Problem',
  description: 'An error (RFC 9457). It never contains a value, a token or a query string.'
})

export type ProblemBody = Static<typeof ProblemSchema>

export const problemMediaType = 'application/problem+json'

/**
 * Returns the body of a problem's reply. If the status is 5xx, the `detail` consists of fixed texts, because the message of an
 * unexpected error could contain a secret's value.
 *
 * @param status the status of the reply, if it is not the one in the catalogue
 */
export function problemBody (problem: Problem, requestId: string, status = problem.status): ProblemBody {
  const { title, advice } = catalogueEntry(problem.code)
  const { detail, errors, errorCount, awsRequestId, failure } = problem.options
  const known = failure === undefined ? [] : [failureText(failure)]
  return {
    type: `urn:secrets-gateway:problem:${problem.code}`,
    title,
    status,
    detail: status < 500 && detail !== undefined ? [detail, ...known].join(' ') : known[0] ?? advice,
    instance: `urn:secrets-gateway:request:${requestId}`,
    code: problem.code,
    requestId,
    ...(awsRequestId !== undefined && { awsRequestId }),
    ...(errors !== undefined && { errors: [...errors], errorCount: errorCount ?? errors.length })
  }
}

/** Returns the headers that a problem adds to its reply, such as `Retry-After`. */
export function problemHeaders (problem: Problem): Record<string, string> {
  return {
    'content-type': `${problemMediaType}; charset=utf-8`,
    ...unstoredHeaders(problem),
    ...(problem.code === 'unauthenticated' && { 'www-authenticate': 'Bearer realm="secrets-gateway"' })
  }
}

export interface ProblemReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A string, or bytes to keep Fastify from adding a `charset` to the media type. */
  readonly body: string | Uint8Array
}

/**
 * The format in which a route replies with problems. A route that speaks another service's protocol declares that protocol's
 * format in its `config`. All other routes, and requests without a route, have problem documents.
 */
export type ProblemFormat = (problem: Problem, request: FastifyRequest) => ProblemReply

/**
 * The statuses that replace 404 if something other than the secret is missing. With `notFound=secret`, callers may take every 404
 * to mean that the secret has been deleted.
 */
const otherwiseMissing: Readonly<Partial<Record<ProblemCode, number>>> = {
  'not-found': 403,
  'version-not-found': 409,
  'field-not-found': 422
}

const problemDocument: ProblemFormat = (problem, { id, query }) => {
  const { notFound } = Object(query) as { notFound?: unknown }
  const status = (notFound === 'secret' ? otherwiseMissing[problem.code] : undefined) ?? problem.status
  return { status, headers: problemHeaders(problem), body: JSON.stringify(problemBody(problem, id, status)) }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The format of the route's problems. Defaults to problem documents. */
    problemFormat?: ProblemFormat
  }
}

/** Returns the headers of a problem's reply that are the same in every format. */
export function unstoredHeaders ({ code, options }: Problem): Record<string, string> {
  const { retryAfter = catalogueEntry(code).retryAfter } = options
  return { 'cache-control': 'no-store', ...retryAfter !== undefined && { 'retry-after': String(retryAfter) } }
}

/**
 * Sets the reply's status and headers for a problem, and stores the problem in `request.problem`. This is the only writer of that
 * field. The headers include `X-Request-Id`, because the step setReplyHeaders does not run if Fastify itself refuses the request.
 *
 * @returns the reply's body
 */
export function answerProblem (problem: Problem, request: FastifyRequest, reply: FastifyReply): string | Uint8Array {
  request.problem = problem
  // `found` is undefined if Fastify itself refused the request.
  const found = request.found as FastifyRequest['found'] | undefined
  const { status, headers, body } = (found?.route?.config.problemFormat ?? problemDocument)(problem, request)
  reply.code(status).headers({ ...headers, 'x-request-id': request.id })
  return body
}

export const sendProblem = (problem: Problem, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.send(answerProblem(problem, request, reply))

/** The OpenAPI description of the header that every reply has. */
export const RequestId = { 'X-Request-Id': { type: 'string', description: 'The request\'s ID, as in the log' } }

/** The OpenAPI description of a 429's headers. Other replies also have them if the request counts against a limit. */
const rateLimitHeaders = {
  'RateLimit-Limit': { type: 'integer', description: 'The number of requests that are allowed in a window' },
  'RateLimit-Remaining': { type: 'integer', description: 'The number of requests that are left in the current window' },
  'RateLimit-Reset': { type: 'integer', description: 'The number of seconds until the window ends' }
}

/**
 * Returns the response schemas for the problems that a route may reply with, keyed by status. Their type is only `object`, so
 * that a handler that returns a problem instead of throwing it does not compile.
 */
export function problemResponses (...codes: readonly ProblemCode[]): object {
  const byStatus = Map.groupBy(codes, (code) => catalogue[code].status)
  return Object.fromEntries(Array.from(byStatus, ([status, codes]) => [status, {
    description: codes.map((code) => `\`${code}\`: ${catalogue[code].title}.`).join('\n'),
    headers: {
      ...RequestId,
      ...(codes.includes('unauthenticated') && { 'WWW-Authenticate': { type: 'string', description: 'Always `Bearer realm="secrets-gateway"`' } }),
      ...(codes.some((code) => catalogueEntry(code).retryAfter !== undefined) && {
        'Retry-After': { type: 'integer', description: 'The number of seconds to wait before another attempt' }
      }),
      ...(codes.includes('rate-limited') && rateLimitHeaders)
    },
    content: {
      [problemMediaType]: {
        schema: { $ref: 'Problem#' },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
      }
    }
  }]))
}

/**
 * Problems without an example in the OpenAPI document, because they are never the whole reply of an operation.
 * `method-not-allowed` belongs to no operation, and `caller-gone` is never sent. `not-taken-back` and `idempotency-key-spent`
 * occur only in the items of a bulk create's reply. `not-all-done` and `some-failed` are sent together with items.
 */
const withoutExample: ReadonlySet<string> = new Set<ProblemCode>([
  'method-not-allowed', 'caller-gone', 'not-taken-back', 'idempotency-key-spent', 'not-all-done', 'some-failed'
])

/** The OpenAPI document's examples of problems, keyed by code. */
export const problemExamples = Object.fromEntries(Object.entries(catalogue)
  .filter(([code]) => !withoutExample.has(code))
  .map(([code, { title }]) => [code, {
    summary: title,
    value: problemBody(new Problem(code as ProblemCode), '0c5dbf04-97f1-4f0c-8e2f-6a4b4f6d1f0e')
  }]))
