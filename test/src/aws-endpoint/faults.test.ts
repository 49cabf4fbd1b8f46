import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry'
import t from 'tap'
import { faultOf } from '#src/aws-endpoint/faults'
import { catalogue, type ProblemCode } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'

const codes = Object.keys(catalogue) as ProblemCode[]

/** An error in the form that the SDK's retry functions expect. */
type Thrown = Parameters<typeof isServerError>[0]

/** Returns AWS's error for a problem, as the SDK throws it. */
function thrownFor (code: ProblemCode): Thrown {
  const { type, message, status } = faultOf(new Problem(code))
  return Object.assign(new Error(message), { name: type, $metadata: { httpStatusCode: status } }) as Thrown
}

/** Problems with an error code of AWS's own. SDKs decide by this code, not by the status, whether they repeat a call. */
const ofAws: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['aws-limit-exceeded', 'kms-failure'])

/** Returns true if the status of the gateway's REST reply tells clients that a repeated request may succeed. */
const isTemporary = (code: ProblemCode): boolean => catalogue[code].status >= 499 || ['rate-limited', 'request-timeout'].includes(code)

t.test('AWS\'s SDKs repeat a request if, and only if, that may help', async (t) => {
  for (const code of codes.filter((one) => !ofAws.has(one))) {
    const error = thrownFor(code)
    t.equal(isThrottlingError(error) || isTransientError(error) || isServerError(error), isTemporary(code), `${code}: ${error.name}`)
  }
  t.same(codes.filter((code) => isThrottlingError(thrownFor(code))), ['aws-limit-exceeded', 'rate-limited', 'aws-throttled'], 'these make them slow down')
})

t.test('only missing secrets, versions and values are a ResourceNotFoundException, because clients then delete their copy', async (t) => {
  t.same(codes.filter((code) => thrownFor(code).name === 'ResourceNotFoundException'),
    ['secret-not-found', 'version-not-found', 'secret-has-no-value', 'version-has-no-value'])
})

t.test('only an unauthenticated request makes a client get new keys', async (t) => {
  const aboutKeys = /^(?:ExpiredToken|UnrecognizedClient|InvalidSignature|IncompleteSignature|MissingAuthenticationToken)/
  t.same(codes.filter((code) => aboutKeys.test(thrownFor(code).name)), ['unauthenticated'])
  const fault = { type: 'ExpiredTokenException', message: 'The security token included in the request is expired', status: 400 }
  const credential = faultOf(new Problem('credential-invalid', { fault }))
  t.match(credential, { type: 'InternalServiceError', status: 500 }, 'AWS\'s error about the credential of the gateway is not passed on')
})

t.test('each error has a message, and the status that AWS gives it', async (t) => {
  for (const code of codes) {
    const { type, message, status } = faultOf(new Problem(code))
    t.match(message, /^\S/, code)
    t.equal(status, { InternalServiceError: 500, ServiceUnavailable: 503, RequestEntityTooLarge: 413 }[type] ?? 400, `${code}: ${type}`)
  }
})
