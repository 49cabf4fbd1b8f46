import type { IncomingMessage } from 'node:http'
import { AwsError, errors } from '#src/aws-protocol/errors'
import { parseBody, readBody } from '#src/aws-protocol/request-body'
import { readClaim, verifySignature, type FindAccessKey, type ServiceName } from '#src/aws-protocol/signature'
import { transactions } from './operations/access.ts'
import { operations } from './operations/index.ts'
import type { Realism } from './realistic/realism.ts'
import type { Principal } from './principal.ts'
import type { Caller, CallContext } from './rules/context.ts'
import type { RotationService } from './rules/rotation.ts'
import type { Scope } from './scope.ts'
import type { Store } from './store/store.ts'
import type { Sts } from './sts/context.ts'
import type { Throttle } from './throttle.ts'

/** The dependencies of request handling. */
export interface Service {
  store: Store
  findAccessKey: FindAccessKey<Principal>
  /** Returns the current time, in milliseconds since the epoch. */
  now: () => number
  onOperation: (event: OperationEvent) => void
  /** Undefined if calls are not rate-limited. */
  throttle?: Throttle | undefined
  rotations: RotationService
  realism: Realism
  sts: Sts
}

/** A call with a valid signature. Calls to AssumeRoleWithWebIdentity, which needs no signature, are not reported. */
export interface OperationEvent extends Scope {
  service: ServiceName
  operation: string
  /** The ARN of the signer. For temporary credentials, this is the ARN of the role session. */
  principal: string
  /** The source identity of the role session, if one was set. */
  sourceIdentity?: string
  /** Present if the call is rejected because it exceeds the rate limit. */
  throttled?: true
}

/** The wire protocol of a service. */
export interface Protocol {
  contentType: string
  /** Carries out a request and returns the reply's body. If the promise is rejected, `fault` converts the error to a reply. */
  answer: (service: Service, request: IncomingMessage, requestId: string) => Promise<string>
  /** Converts a thrown value to the status and body of an error reply. */
  fault: (thrown: unknown, requestId: string) => { status: number, body: string }
}

/** A request with a valid signature. */
export interface SignedRequest {
  caller: Caller
  scope: Scope
  body: Uint8Array
}

/** The protocol of Secrets Manager: AWS JSON 1.1. */
export const awsJson: Protocol = {
  contentType: 'application/x-amz-json-1.1',
  async answer (service, request) {
    const { store, now, rotations, realism } = service
    const { caller, scope, body } = await readSigned(service, request, 'secretsmanager')
    const name = operationOf(request)
    const throttled = (service.throttle?.(scope, name) ?? false) || realism.throttles()
    service.onOperation({ ...eventOf('secretsmanager', name, caller, scope), ...throttled && { throttled } })
    if (throttled) throw errors.throttled()
    const operation = operations.get(name)
    if (operation === undefined) throw errors.unknownOperation()
    const handle = operation.read(parseBody(body))
    const output = await realism.carryOut(() => {
      const { access } = operation
      const context: CallContext = {
        store: access === 'reads' ? realism.view(name) : store,
        scope, caller, now: now(), deferredWrites: [], rotations, faults: realism.faults
      }
      return transactions[access](context, store, () => handle(context))
    })
    return output === undefined ? '' : JSON.stringify(output)
  },
  fault (thrown) {
    const { status, type, message } = thrown instanceof AwsError ? thrown : errors.internal()
    return { status, body: JSON.stringify({ __type: type, Message: message }) }
  }
}

/**
 * Reads a whole request and verifies its signature.
 *
 * @throws AwsError the errors of `readClaim`, `readBody` and `verifySignature`
 */
export async function readSigned (service: Service, request: IncomingMessage, name: ServiceName): Promise<SignedRequest> {
  const claim = readClaim(request, { service: name, find: service.findAccessKey })
  const body = await readBody(request)
  verifySignature(claim, body)
  const { accessKey: { principal }, authorization: { region } } = claim
  return { caller: { principal, sourceIp: addressOf(request) }, scope: { accountId: principal.accountId, region }, body }
}

/** Returns the event that reports a call before it is carried out. */
export function eventOf (service: ServiceName, operation: string, { principal }: Caller, scope: Scope): OperationEvent {
  const { arn, session: { sourceIdentity } = {} } = principal
  return { service, operation, ...scope, principal: arn, ...sourceIdentity !== undefined && { sourceIdentity } }
}

const target = /^secretsmanager\.([A-Za-z]+)$/

function operationOf ({ method, url, headers }: IncomingMessage): string {
  const [, operation] = target.exec(String(headers['x-amz-target'])) ?? []
  const isAwsJson = headers['content-type']?.split(';')[0]?.trim().toLowerCase() === 'application/x-amz-json-1.1'
  if (method !== 'POST' || url !== '/' || !isAwsJson || operation === undefined) throw errors.unknownOperation()
  return operation
}

/**
 * Returns the client's IP address. Removes the prefix `::ffff:`, which Node puts before IPv4 addresses if the server listens on
 * IPv6.
 */
function addressOf ({ socket }: IncomingMessage): string {
  return socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
}
