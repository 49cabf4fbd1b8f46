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
  ['InvalidRequestException', 'The secret is not scheduled for deletion.', 422, 'aws-refused'],
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

const user = 'User: arn:aws:iam::123456789012:user/canary is not authorized to perform: '
const because = ' because no identity-based policy allows the canary action'
const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:dev/payments/db-AbCdEf'
const keyArn = 'arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab'

t.test('a denial names the permission that AWS says is missing, and nothing else of AWS\'s message', async (t) => {
  for (const [message, denied, operation, input] of [
    [`${user}secretsmanager:GetSecretValue on resource: ${secretArn}${because}`, `secretsmanager:GetSecretValue on ${secretArn}`, 'BatchGetSecretValue', { SecretIdList: ['dev/a', 'dev/payments/db'] }],
    [`${user}secretsmanager:TagResource on resource: ${secretArn} with an explicit deny in a service control policy: arn:canary`, `secretsmanager:TagResource on ${secretArn}`, 'CreateSecret', { Name: 'dev/payments/db' }],
    [`${user}secretsmanager:DescribeSecret on resource: ${secretArn}`, `secretsmanager:DescribeSecret on ${secretArn}`, 'DescribeSecret', { SecretId: 'dev/payments/db' }],
    [`${user}kms:GenerateDataKey on resource: ${keyArn}${because}`, `kms:GenerateDataKey on ${keyArn}`, 'CreateSecret', {}],
    // AWS's message names a secret that the call did not name, so the problem does not name it either.
    [`${user}secretsmanager:GetSecretValue on resource: ${secretArn}${because}`, 'secretsmanager:GetSecretValue', 'BatchGetSecretValue', { Filters: [] }],
    [`${user}secretsmanager:GetSecretValue on resource: ${secretArn}${because}`, 'secretsmanager:GetSecretValue', 'GetSecretValue', { SecretId: 'dev/payments' }],
    // If a secret does not exist, AWS's message has no ARN, but the name from the call.
    [`${user}secretsmanager:GetSecretValue on resource: dev/canary${because}`, 'secretsmanager:GetSecretValue', 'GetSecretValue', { SecretId: 'dev/canary' }],
    [`${user}secretsmanager:ListSecrets${because}`, 'secretsmanager:ListSecrets', 'ListSecrets', {}],
    // These messages have an unexpected form.
    [`canary ${user}secretsmanager:GetSecretValue${because}`, 'GetSecretValue', 'GetSecretValue', {}],
    [`${user}secretsmanager:GetSecretValue: canary`, 'GetSecretValue', 'GetSecretValue', {}],
    [`${user}secretsmanager:GetSecretValue on resource: ${keyArn} canary`, 'GetSecretValue', 'GetSecretValue', {}],
    [`${user}secretsmanager:GetSecretValue${because}\ncanary`, 'GetSecretValue', 'GetSecretValue', {}],
    [`${user}<canary>${because}`, 'GetSecretValue', 'GetSecretValue', {}],
    [`${user}kms:Decrypt on resource: ${keyArn}<canary>${because}`, 'kms:Decrypt', 'GetSecretValue', {}],
    // AWS does not say which permission is missing on the key.
    ['Access to KMS is not allowed', `kms:GenerateDataKey or kms:Decrypt on the KMS key ${keyArn}`, 'CreateSecret', { KmsKeyId: keyArn }],
    ['Access to KMS is not allowed', 'kms:Decrypt on the KMS key of the secret', 'GetSecretValue', {}],
    ['Access to KMS is not allowed', 'kms:GenerateDataKey, kms:Encrypt or kms:Decrypt on the KMS key of the secret', 'UpdateSecret', { KmsKeyId: 'a canary' }],
    ['Access to KMS is not allowed', 'RotateSecret on the KMS key of the secret', 'RotateSecret', {}]
  ] as const) {
    const { code, options: { detail } } = problemFrom({ name: 'AccessDeniedException', message }, { ...call, operation, input })
    t.equal(code, 'aws-access-denied')
    t.equal(detail, `AWS denies ${denied} to the credential prod-account.`, message)
  }
})

t.test('a reply without a field that AWS always sends is reported as aws-unavailable', async (t) => {
  t.equal(required('x'), 'x')
  t.throws(() => { required(undefined) }, { code: 'aws-unavailable' })
})
