import type { ProblemCode } from '#src/problems/catalogue'
import { invalidRequest, Problem } from '#src/problems/problem'
import { requestErrors, type SchemaError } from './schema-errors.ts'

/** An error that Fastify throws. */
interface FrameworkError {
  code?: string
  statusCode?: number
  /** The validation errors, if the request does not match the route's schema. */
  validation?: readonly SchemaError[]
  validationContext?: string
}

const byCode: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_MAX_PARAM_LENGTH: 'uri-too-long',
  FST_ERR_NOT_FOUND: 'not-found'
}

/**
 * Converts anything thrown into a problem. A `Problem` is returned unchanged. Any other error becomes `internal-error`, unless
 * the client is known to have caused it.
 */
export function problemFromFramework (thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  const { code = '', statusCode = 500, validation, validationContext = '' }: FrameworkError = Object(thrown) as FrameworkError
  if (validation !== undefined) return invalidRequest(requestErrors(validationContext, validation))
  const known = byCode[code]
  if (known !== undefined) return new Problem(known)
  return new Problem(statusCode >= 400 && statusCode < 500 ? 'malformed-request' : 'internal-error')
}
