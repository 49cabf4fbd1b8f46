import type { IncomingMessage } from 'node:http'
import { transactions } from './operations/access.ts'
import { operations } from './operations/index.ts'
import { errors } from './protocol/errors.ts'
import { parseBody, readBody } from './protocol/request-body.ts'
import { readClaim, verifySignature, type AccessKey } from './protocol/signature.ts'
import type { RotationService } from './rules/rotation.ts'
import type { Scope } from './scope.ts'
import type { Store } from './store/store.ts'

/** What answers a request. */
export interface Service {
  store: Store
  /** By their IDs. */
  accessKeys: ReadonlyMap<string, AccessKey>
  /** Milliseconds since the epoch. */
  now: () => number
  onOperation: (event: OperationEvent) => void
  rotations: RotationService
}

/** A call whose signature was found right. */
export interface OperationEvent extends Scope {
  operation: string
}

const target = /^secretsmanager\.([A-Za-z]+)$/

/** Carries out one request of AWS JSON 1.1 and gives the body of its answer; throws AwsError. */
export async function answer (service: Service, request: IncomingMessage): Promise<string> {
  const claim = readClaim(request, service.accessKeys)
  const body = await readBody(request)
  const scope = verifySignature(claim, body)
  const name = operationOf(request)
  service.onOperation({ operation: name, ...scope })
  const operation = operations.get(name)
  if (operation === undefined) throw errors.unknownOperation()
  const handle = operation.read(parseBody(body))
  const caller = { principal: claim.accessKey.principal, sourceIp: addressOf(request) }
  const context = { store: service.store, scope, caller, now: service.now(), afterwards: [], rotations: service.rotations }
  const output = transactions[operation.access](context, () => handle(context))
  return output === undefined ? '' : JSON.stringify(output)
}

function operationOf ({ method, url, headers }: IncomingMessage): string {
  const [, operation] = target.exec(String(headers['x-amz-target'])) ?? []
  const isAwsJson = headers['content-type']?.split(';')[0]?.trim().toLowerCase() === 'application/x-amz-json-1.1'
  if (method !== 'POST' || url !== '/' || !isAwsJson || operation === undefined) throw errors.unknownOperation()
  return operation
}

/** An IPv4 address may come in the form of IPv6. */
function addressOf ({ socket }: IncomingMessage): string {
  return socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
}
