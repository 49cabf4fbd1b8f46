import { invalidRequest } from '#src/problems/problem'
import { requestErrors } from '#src/http/schema-errors'
import type { Step } from '#src/request/step'

/** Fastify's names for the parts of a request that precede its body, and the request's properties that contain them. */
const parts = [['params', 'params'], ['querystring', 'query'], ['headers', 'headers']] as const

/**
 * Validates the path, the query string and the headers against the route's schemas. Fastify itself would validate them together
 * with the body, but authorization precedes the body, and depends on the path and the headers.
 *
 * @throws Problem `invalid-request` with all errors in the first part that has any
 */
export const validateParameters: Step = (request): undefined => {
  for (const [part, property] of parts) {
    const validate = request.getValidationFunction(part)
    if (validate === undefined || validate(request[property])) continue
    throw invalidRequest(requestErrors(part, validate.errors ?? []))
  }
}
