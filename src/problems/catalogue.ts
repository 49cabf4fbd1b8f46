/* eslint-disable max-lines -- a table with an entry for each problem type */
// The catalogue of the gateway's problem types (RFC 9457). `docs/problems.md` is generated from it.

/** A problem type. */
interface CatalogueEntry {
  status: number
  /** A summary of the problem type, the same for every occurrence. */
  title: string
  /** Advice for the caller. */
  advice: string
  /** The `Retry-After` header, in seconds. */
  retryAfter?: number
}

export const catalogue = {
  'invalid-request': {
    status: 400,
    title: 'The request is invalid',
    advice: '`errors` has a JSON pointer and a message for each mistake, up to 100. The search ends soon after that many; `errorCount` is the number of all that it found.'
  },
  'malformed-request': {
    status: 400,
    title: 'The request is not well-formed HTTP',
    advice: 'Check the request line, the percent-encoding of the path and the headers.'
  },
  unauthenticated: {
    status: 401,
    title: 'The caller is not authenticated',
    advice: 'Send `Authorization: Bearer <token>` with a token that has not expired; to log in, sign a new request.'
  },
  forbidden: {
    status: 403,
    title: 'The caller may not do this',
    advice: 'Ask the platform team for the permission, or use another `AWS-Credential-Id`.'
  },
  'cross-site-request': {
    status: 403,
    title: 'Another site caused the request, and only a client certificate authenticates the caller',
    advice: 'A browser presents its client certificate to every site\'s requests. Send a token, or a request without `Origin` and `Sec-Fetch-Site`.'
  },
  'deletion-protected': {
    status: 403,
    title: 'The environment is protected against deletion without recovery',
    advice: 'Delete without `force`: the secret can then be restored until its recovery window ends.'
  },
  'aws-access-denied': {
    status: 403,
    title: 'AWS does not allow the credential to do this',
    advice: 'Ask for the named permission to be granted to the named credential: in its IAM policy, in the policy of the secret, or in that of the KMS key.'
  },
  'not-found': {
    status: 404,
    title: 'There is no such resource',
    advice: 'Check the path; an environment that the caller may not see is answered in the same way.'
  },
  'secret-not-found': {
    status: 404,
    title: 'There is no such secret',
    advice: 'Check the name, the environment and the credential; `/` in a name is written `%2F`.'
  },
  'version-not-found': {
    status: 404,
    title: 'The secret has no such version',
    advice: '`GET …/versions` lists the versions of the secret.'
  },
  'field-not-found': {
    status: 404,
    title: 'The value has no such field',
    advice: '`field` is a key of the value\'s JSON object, or a JSON pointer such as `/database/hosts/0`; the value has neither.'
  },
  'not-acceptable': {
    status: 406,
    title: 'The value is not available in an accepted media type',
    advice: 'A binary value is available as `application/octet-stream` or, in base64, as `application/json`.'
  },
  'method-not-allowed': {
    status: 405,
    title: 'The resource does not support the method',
    advice: '`Allow` lists the methods that it supports.'
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    advice: 'Send it again, faster.'
  },
  'secret-exists': {
    status: 409,
    title: 'The secret exists already',
    advice: 'Use PUT to write a new version of it.'
  },
  'secret-has-no-value': {
    status: 409,
    title: 'The secret is a placeholder and has no value yet',
    advice: 'Use PUT to write its first value.'
  },
  'version-has-no-value': {
    status: 409,
    title: 'The version has no value yet',
    advice: 'A rotation has created it and will set its value. `DELETE …/rotation?discardPending=true` discards it instead.'
  },
  'secret-pending-deletion': {
    status: 409,
    title: 'The secret is scheduled for deletion',
    advice: '`POST …/restore` restores it.'
  },
  'secret-has-replicas': {
    status: 409,
    title: 'The secret has replicas in other regions',
    advice: '`detachReplicas=true` deletes the replicas and then the secret; `DELETE …/replicas` deletes single ones.'
  },
  'rotation-in-progress': {
    status: 409,
    title: 'A rotation of the secret has begun and has not finished',
    advice: 'Wait for it to finish, or, if it has failed, end it with `DELETE …/rotation?discardPending=true`.'
  },
  'idempotency-conflict': {
    status: 409,
    title: 'The idempotency key was used with another value',
    advice: 'Use a new `Idempotency-Key` for a new write.'
  },
  'precondition-not-met': {
    status: 409,
    title: 'AWS reports that a precondition is not met',
    advice: 'Look at the state of the secret with `GET …/metadata`.'
  },
  'write-conflict': {
    status: 409,
    title: 'Other writers keep changing the secret',
    advice: 'Try again in a moment; nothing was written.',
    retryAfter: 1
  },
  'precondition-failed': {
    status: 412,
    title: 'The secret is not in the state that the request requires',
    advice: 'Read it again. Another writer may have changed it, or `If-Match` or `If-None-Match` does not match its state.'
  },
  'value-not-object': {
    status: 409,
    title: 'The value is not a JSON object',
    advice: 'Only a JSON object has keys to read or change. A JSON pointer such as `/0` reads an item of an array; PUT replaces any value.'
  },
  'value-not-json': {
    status: 409,
    title: 'The value is not JSON',
    advice: 'It is plain text, or JSON that is nested too deeply, and has no fields: read it without `field` and `parse`, or replace it with PUT.'
  },
  'value-binary': {
    status: 409,
    title: 'The value is binary and not text',
    advice: 'Bytes that are not UTF-8 have no fields: read them without `field` and `parse`, or replace them with PUT.'
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    advice: 'A value has at most 65,536 bytes. Split a bulk request.'
  },
  'uri-too-long': {
    status: 414,
    title: 'The path is too long',
    advice: 'A name has at most 512 characters, including the prefix of its environment.'
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The route does not accept the media type or the coding of the body',
    advice: 'Send `application/json` in UTF-8, without `Content-Encoding`.'
  },
  'expectation-failed': {
    status: 417,
    title: 'The gateway does not support the expectation of the request',
    advice: 'The only supported expectation is `100-continue`.'
  },
  'not-all-done': {
    status: 409,
    title: 'The request could not be completed as a whole',
    advice: '`items` has the result for each secret. What was changed has been rolled back, except in a job that another replica of ' +
      'the gateway has continued; `not-taken-back` marks those that could not be rolled back.'
  },
  'some-failed': {
    status: 409,
    title: 'Some of the secrets failed, or were not started',
    advice: '`items` has the result for each secret. The other secrets have been processed, unless this was a dry run. Correct the cause, and send the request again.'
  },
  'not-taken-back': {
    status: 409,
    title: 'The changes to the secret could not be rolled back',
    advice: 'Look at the secret: another writer has changed it in the meantime, or AWS cannot undo the change.'
  },
  'idempotency-mismatch': {
    status: 422,
    title: 'The idempotency key was used with another request',
    advice: 'Use a new `Idempotency-Key` for another request, and the same key only to repeat a request unchanged.'
  },
  'idempotency-key-spent': {
    status: 409,
    title: 'The version that was written with the idempotency key has been replaced or rolled back',
    advice: 'Use a new `Idempotency-Key` to write it again.'
  },
  'value-needed': {
    status: 409,
    title: 'The replica that knew the value has ended before it was written',
    advice: 'Another replica has continued the job, but values are never passed on. Send the request again with the same `Idempotency-Key`: it writes what is missing, and nothing twice.'
  },
  'cache-disabled': {
    status: 409,
    title: 'The cache is disabled in this environment',
    advice: 'The gateway needs its cache to notice changes of secrets. Ask the platform team to set `cache.ttlSeconds`.'
  },
  'aws-refused': {
    status: 422,
    title: 'AWS refuses the request',
    advice: '`detail` contains the reason that AWS gives, unless there is none or it quotes the request.'
  },
  'aws-limit-exceeded': {
    status: 422,
    title: 'A quota of AWS Secrets Manager is used up',
    advice: 'Repeating the request does not help, and AWS does not raise this quota. Delete what is no longer needed.'
  },
  'rate-limited': {
    status: 429,
    title: 'There are too many requests',
    advice: 'Wait as long as `Retry-After` says: the caller, the environment or, without a valid token, the address has used up its limit.',
    retryAfter: 1
  },
  'caller-gone': {
    status: 499,
    title: 'The caller closed the connection before the reply',
    advice: 'Only the log and the audit trail show this: the work was ended, because nobody waited for its result.'
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    advice: 'Send fewer or shorter headers.'
  },
  'internal-error': {
    status: 500,
    title: 'The gateway failed',
    advice: 'Tell the platform team the `requestId`.'
  },
  'aws-unavailable': {
    status: 502,
    title: 'AWS Secrets Manager failed or could not be reached',
    advice: 'Try again as `Retry-After` says. AWS may have carried out a write: repeat it with the same `Idempotency-Key`.',
    retryAfter: 5
  },
  'credential-invalid': {
    status: 502,
    title: 'AWS does not accept the credential',
    advice: 'It has expired, is unknown, or produces invalid signatures. Ask the platform team to check its configuration.'
  },
  'credential-account-mismatch': {
    status: 502,
    title: 'The credential belongs to another AWS account than the environment',
    advice: 'Ask the platform team to check the configuration. The credential was not used.'
  },
  'kms-failure': {
    status: 502,
    title: 'AWS could not use the KMS key',
    advice: 'Check that the KMS key of the secret is enabled and may be used by the credential. If a request names a key that does not exist, the reply is `aws-refused` instead.'
  },
  'aws-throttled': {
    status: 503,
    title: 'AWS throttles the requests of this account',
    advice: 'Wait as long as `Retry-After` says.',
    retryAfter: 2
  },
  'identity-provider-unavailable': {
    status: 503,
    title: 'The identity provider of the caller could not be reached',
    advice: 'The issuer of the token, or AWS STS, does not answer. Wait as long as `Retry-After` says.',
    retryAfter: 5
  },
  'audit-unavailable': {
    status: 503,
    title: 'The audit trail cannot be written',
    advice: 'Nothing is done without a record. Try again in a moment. A write may have been carried out: repeat it with the same `Idempotency-Key`.',
    retryAfter: 1
  },
  'shared-state-unavailable': {
    status: 503,
    title: 'The state that the replicas of the gateway share is not available',
    advice: 'The Valkey or Redis of the gateway does not answer. Logins with an AWS identity, requests about jobs, and bulk creates and promotions with an `Idempotency-Key` need it; other requests do not. Wait as long as `Retry-After` says. A job may have been started: repeat its request with the same `Idempotency-Key`.',
    retryAfter: 2
  },
  overloaded: {
    status: 503,
    title: 'The gateway accepts no more such requests at the moment',
    advice: 'Too many requests are in progress or wait for AWS, memory or CPU time is short, or the gateway is shutting down. Try again as `Retry-After` says. A write may have been carried out: repeat it with the same `Idempotency-Key`.',
    retryAfter: 5
  },
  'aws-timeout': {
    status: 504,
    title: 'AWS did not answer in time',
    advice: 'Unless `detail` says otherwise, a write may have been carried out: repeat it with the same `Idempotency-Key`, as `Retry-After` says.',
    retryAfter: 5
  }
} as const satisfies Record<string, CatalogueEntry>

export type ProblemCode = keyof typeof catalogue

/** Returns a code's catalogue entry. The return type is `CatalogueEntry`, so every entry has an optional `retryAfter`. */
export const catalogueEntry = (code: ProblemCode): CatalogueEntry => catalogue[code]
