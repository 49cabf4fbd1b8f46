import t from 'tap'
import { problemFrom, required } from '#src/aws/exception-rules'

const call = { operation: 'GetSecretValue', credentialId: 'prod-account' }

/** The names and messages of AWS's exceptions, with the status and code of the problem that each becomes. */
const table: readonly (readonly [name: string, message: string, status: number, code: string])[] = [
  ['ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret.', 404, 'secret-not-found'],
  ['ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret value for VersionId: x', 404, 'version-not-found'],
  ['ResourceExistsException', 'The operation failed because the secret a already exists.', 409, 'secret-exists'],
  ['ResourceExistsException', 'You can\'t use ClientRequestToken x because that value is already in use', 409, 'idempotency-conflict'],
  ['InvalidRequestException', 'You can\'t perform this operation on the secret because it was marked for deletion.', 409, 'secret-pending-deletion'],
  ['InvalidRequestException', 'because a secret with this name is already scheduled for deletion.', 409, 'secret-pending-deletion'],
  ['InvalidRequestException', 'You can\'t perform this operation on the secret because it was deleted.', 409, 'secret-pending-deletion'],
  ['InvalidRequestException', 'A previous rotation isn\'t complete. That rotation will be reattempted.', 409, 'rotation-in-progress'],
  ['InvalidRequestException', 'You provided a VersionStage that is not associated to the provided VersionId.', 404, 'version-not-found'],
  ['InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.', 422, 'aws-refused'],
  ['InvalidParameterException', 'Invalid replica region.', 422, 'aws-refused'],
  ['InvalidParameterException', 'You can\'t delete secret arn that still has replica regions [us-east-1].', 409, 'secret-has-replicas'],
  ['MalformedPolicyDocumentException', 'This policy has invalid syntax.', 422, 'aws-refused'],
  ['PublicPolicyException', 'It is public.', 422, 'aws-refused'],
  ['InvalidNextTokenException', 'It is invalid.', 400, 'invalid-request'],
  ['ValidationException', '1 validation error detected: Value \'secret\' at', 422, 'aws-refused'],
  ['LimitExceededException', 'Too many versions.', 422, 'aws-limit-exceeded'],
  ['PreconditionNotMetException', 'Not met.', 409, 'precondition-not-met'],
  ['AccessDeniedException', 'User: arn is not authorized', 403, 'aws-access-denied'],
  ['ExpiredTokenException', '', 502, 'credential-invalid'],
  ['UnrecognizedClientException', '', 502, 'credential-invalid'],
  ['InvalidSignatureException', '', 502, 'credential-invalid'],
  ['CredentialsProviderError', 'Could not load credentials', 502, 'credential-invalid'],
  ['AccessDenied', 'User: arn is not authorized to perform: sts:AssumeRole', 502, 'credential-invalid'],
  ['RequestExpired', '', 502, 'credential-invalid'],
  ['EncryptionFailure', '', 502, 'kms-failure'],
  ['DecryptionFailure', '', 502, 'kms-failure'],
  ['ThrottlingException', 'Rate exceeded', 503, 'aws-throttled'],
  ['TooManyRequestsException', '', 503, 'aws-throttled'],
  ['InternalServiceError', '', 502, 'aws-unavailable'],
  ['TimeoutError', '', 504, 'aws-timeout'],
  ['AbortError', '', 504, 'aws-timeout'],
  ['SyntaxError', 'Unexpected token < in JSON', 502, 'aws-unavailable']
]

t.test('each of AWS\'s exceptions becomes a problem, according to its name and message', async (t) => {
  for (const [name, message, status, code] of table) {
    const problem = problemFrom({ name, message, $metadata: { requestId: 'r' } }, call)
    t.match(problem, { status, code, options: { awsError: name, awsRequestId: 'r' } }, `${name}: ${message}`)
  }
})

t.test('a broken connection is reported as aws-unavailable, with the error code of the connection', async (t) => {
  const problem = problemFrom({ name: 'Error', message: 'connect ECONNREFUSED 10.0.0.1:443', code: 'ECONNREFUSED' }, call)
  t.match(problem, { code: 'aws-unavailable', options: { awsError: 'ECONNREFUSED' } })
  t.notOk('awsRequestId' in problem.options)
})

t.test('AWS\'s message is passed on if it helps the caller, but never if it quotes the request', async (t) => {
  const detail = (name: string, message: string): string | undefined => problemFrom({ name, message }, call).options.detail
  t.equal(detail('InvalidParameterException', 'Invalid replica region.'), 'Invalid replica region.')
  t.equal(detail('InvalidParameterException', 'Value \'canary\' at x is wrong'), undefined)
  t.equal(detail('ResourceExistsException', 'You can\'t use ClientRequestToken canary'), undefined)
  t.equal(detail('ValidationException', 'canary'), undefined)
  t.equal(detail('AccessDeniedException', 'canary'), 'AWS denies GetSecretValue to the credential prod-account.')
})

t.test('a reply without a field that AWS always sends is reported as aws-unavailable', async (t) => {
  t.equal(required('x'), 'x')
  t.throws(() => { required(undefined) }, { code: 'aws-unavailable' })
})
