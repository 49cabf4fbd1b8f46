import { isNamedBy, type NamedSecret } from '#src/aws/secret-ids'
import { writtenInAwsForm, type WrittenResult } from '#src/aws/verbatim'
import type { Operation } from '#src/aws-model/shapes'
import { errors } from '#src/aws-protocol/errors'
import type { SecretName } from '#src/environments/names'
import type { Scope } from '#src/secrets/scope'
import { problemOf } from './refusal.ts'

interface Outcome<Result> {
  /** The result of the port, or of the use case that calls it. */
  readonly result: Result
  /** The body of AWS's reply. Absent if the reply was lost, but the port knows that the operation was carried out. */
  readonly body?: string
}

/**
 * Calls the port or a use case, and sends one operation with the request's input instead of the port's. Captures the body of
 * AWS's reply.
 *
 * @param inputFor returns the input to send, given the port's input
 */
export async function sendVerbatim<Result> (
  scope: Scope, operation: Operation, inputFor: (own: object) => object, work: (scope: Scope) => Promise<Result>
): Promise<Outcome<Result>> {
  let body: string | undefined
  const result = await work({ ...scope, verbatim: { operation, inputFor, onReply (text) { body = text } } })
  return { result, ...body !== undefined && { body } }
}

/** Does the same as `sendVerbatim` for an operation on a secret. */
export async function onOneSecret<Result> (
  scope: Scope, operation: Operation, secret: NamedSecret, input: object,
  work: (scope: Scope, name: SecretName) => Promise<Result>
): Promise<Outcome<Result>> {
  const { SecretId: secretId } = input as { SecretId?: string }
  const arn = await arnToSend(scope, secret, secretId)
  const inputFor = (own: { SecretId?: string }): object =>
    own.SecretId === undefined ? input : { ...input, SecretId: arn ?? own.SecretId }
  return sendVerbatim(scope, operation, inputFor, async (own) => work(own, secret.name))
}

/**
 * Returns the ARN to send instead of the secret's name, if there is one.
 *
 * If the environment's account is unknown, the ARN in the request may belong to another account's secret that the gateway can
 * use. But the permissions were decided for the environment's own secret of that name. So the gateway asks AWS for the ARN of
 * that secret, and compares the two.
 *
 * @throws Problem `secret-not-found` if `secretId` is the ARN of another secret
 */
async function arnToSend (scope: Scope, { name, arn }: NamedSecret, secretId: string | undefined): Promise<string | undefined> {
  if (scope.environment.account !== undefined || secretId?.startsWith('arn:') !== true) return arn
  const own = await scope.aws.describeSecret(scope, name)
  assertNamed(own, secretId)
  return own.arn
}

/** Checks that a secret is the one that a request names. Another secret of the same name has a different ARN. */
export function assertNamed ({ arn }: { readonly arn: string }, secretId: string): void {
  if (!isNamedBy(arn, secretId)) throw problemOf(errors.secretNotFound())
}

/** Returns the body of the reply to an operation: AWS's own or, if it was lost, one with the same content. */
export const bodyOf = (scope: Scope, { body, result }: Outcome<unknown>): string =>
  body ?? JSON.stringify(writtenInAwsForm(scope, result as WrittenResult))
