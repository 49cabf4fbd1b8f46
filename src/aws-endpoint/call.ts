import { operations, shapes, type Operation } from '#src/aws-model/shapes'
import type { Action } from '#src/authorization/actions'
import { isAwsName, secretIn, type NamedSecret } from '#src/aws/secret-ids'
import { AwsError, errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import { validateInput } from '#src/aws-protocol/validation'
import type { Environment } from '#src/environments/environment'
import { parseJson } from '#src/http/json'
import { isProblem, Problem } from '#src/problems/problem'
import { problemOf } from './refusal.ts'

/** A call in AWS's protocol. */
export interface EndpointCall {
  readonly operation: Operation
  /** The validated body. Its type depends on the operation. */
  readonly input: object
  /** The action that the policies have to allow. */
  readonly action: Action
  /** The secret that the operation applies to. Absent if it applies to the environment. */
  readonly secret?: NamedSecret
}

const target = /^secretsmanager\.([A-Za-z]+)$/

/** Returns the operation that a request's `X-Amz-Target` names. @throws Problem if there is no such operation */
export function operationIn (header: string | undefined): Operation {
  const [, name = ''] = target.exec(header ?? '') ?? []
  if (!Object.hasOwn(operations, name)) throw problemOf(errors.unknownOperation())
  return name as Operation
}

/**
 * Reads a call: the operation from the header `X-Amz-Target`, and its input from the body.
 *
 * @throws Problem with AWS's error type and message
 */
export async function readCall (
  environment: Environment, header: string | undefined, body: Uint8Array
): Promise<EndpointCall> {
  const operation = operationIn(header)
  const input = inputOf(operation, await parse(body))
  const secret = secretOf(environment, operation, input)
  return { operation, input, action: actionOf(operation, input), ...secret !== undefined && { secret } }
}

/**
 * The limits of a body. Its validation must not take long, because it can't be interrupted and runs before authorization. AWS's
 * own limits are lower, and a list that exceeds only AWS's limits gets AWS's own error.
 */
const bounds = { items: 1_000, values: 2_000 }

/** Parses a body. @throws Problem with AWS's error if the body is not JSON, or no operation accepts it */
async function parse (body: Uint8Array): Promise<unknown> {
  try {
    return await parseJson(body, undefined, { bounds })
  } catch (error) {
    if (!isProblem(error, 'invalid-request')) throw error
    const mistakes = error.options.errors?.map(({ pointer, message }) => `${pointer} ${message}`.trim()) ?? []
    throw problemOf(errors.serialization(`The body is not valid: ${mistakes.join('; ')}`))
  }
}

function inputOf (operation: Operation, parsed: unknown): object {
  try {
    const { NextToken: token } = Object(parsed) as { NextToken?: unknown }
    // The gateway's tokens are longer than AWS's model permits, because they are padded to hide the length of AWS's token.
    const isLong = isLongToken(token)
    const input = validateInput(operation, isLong ? { ...parsed as object, NextToken: '-' } : parsed)
    const strange = Object.keys(input).find((member) => !Object.hasOwn(operations[operation].members, member))
    if (strange !== undefined) throw errors.memberNotOffered(strange)
    requireToken(operation, input as { ClientRequestToken?: string })
    return isLong ? { ...input, NextToken: token } : input
  } catch (error) {
    throw error instanceof AwsError ? problemOf(error) : error
  }
}

/**
 * Requires a ClientRequestToken. Without one, the gateway's SDK would add a random one, so a retry of the client would not be
 * idempotent.
 */
function requireToken (operation: Operation, input: { ClientRequestToken?: string }): void {
  if (!('ClientRequestToken' in operations[operation].members) || input.ClientRequestToken !== undefined) return
  throw operation === 'RotateSecret' ? errors.rotationTokenMissing() : errors.clientRequestTokenMissing()
}

/**
 * Returns the action that the policies have to allow. `RotateSecret` both configures and starts a rotation. The gateway has an
 * action for each.
 */
const actionOf = (operation: Operation, input: object): Action =>
  operation === 'RotateSecret' && configuresRotation(input) ? 'ConfigureRotation' : operation

/** Returns true if a `RotateSecret` changes the rotation's settings, rather than only starting a rotation. */
const configuresRotation = ({ RotateImmediately: immediately = true, ...input }: Partial<Input<'RotateSecret'>>): boolean =>
  !immediately || Object.keys(input).some((member) => member !== 'SecretId' && member !== 'ClientRequestToken')

const longestToken = 8_192

const isLongToken = (token: unknown): token is string =>
  typeof token === 'string' && token.length > shapes.NextTokenType.max && token.length <= longestToken

/**
 * Returns the secret that an operation applies to.
 *
 * @throws Problem if the secret ID is invalid, or the secret is not in the environment
 */
function secretOf (
  environment: Environment, operation: Operation, input: { Name?: string, SecretId?: string }
): NamedSecret | undefined {
  const { Name: created, SecretId: named } = input
  const id = operation === 'CreateSecret' ? created : named
  if (id === undefined) return undefined
  // A new secret can't be identified by an ARN, because AWS has not assigned one yet.
  const mayBeArn = operation !== 'CreateSecret' && id.startsWith('arn:')
  if (!mayBeArn && !isAwsName(id)) throw problemOf(errors.invalidName())
  const secret = secretIn(environment, id)
  if (secret !== undefined) return secret
  throw operation === 'CreateSecret' ? new Problem('forbidden') : problemOf(errors.secretNotFound())
}
