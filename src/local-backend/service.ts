import { type IncomingMessage } from 'node:http'
import { operations } from './operations/index.ts'
import { errors } from './protocol/errors.ts'
import { parseBody, readBody } from './protocol/request-body.ts'
import { verifySignature, type Account } from './protocol/signature.ts'
import { purgeExpired } from './store/secrets.ts'
import { type Store } from './store/store.ts'

/** What answers a request. */
export interface Service {
  store: Store
  /** By access key ID. */
  accounts: ReadonlyMap<string, Account>
  /** Milliseconds since the epoch. */
  now: () => number
  onOperation: (event: OperationEvent) => void
}

/** A call whose signature was found right. */
export interface OperationEvent {
  operation: string
  accountId: string
  region: string
}

const target = /^secretsmanager\.([A-Za-z]+)$/

/** Carries out one request of AWS JSON 1.1 and gives the body of its answer; throws AwsError. */
export async function answer (service: Service, request: IncomingMessage): Promise<string> {
  const body = await readBody(request)
  const scope = await verifySignature(request, body, service.accounts)
  const operation = operationOf(request)
  service.onOperation({ operation, ...scope })
  const carryOut = operations.get(operation)
  if (carryOut === undefined) throw errors.unknownOperation()
  const input = parseBody(body)
  const { store } = service
  const now = service.now()
  const output = store.database.transaction(() => {
    purgeExpired(store, now)
    return carryOut(input, { store, scope, now })
  })
  return output === undefined ? '' : JSON.stringify(output)
}

function operationOf ({ method, url, headers }: IncomingMessage): string {
  const [, operation] = target.exec(String(headers['x-amz-target'])) ?? []
  const isAwsJson = headers['content-type']?.split(';')[0]?.trim().toLowerCase() === 'application/x-amz-json-1.1'
  if (method !== 'POST' || url !== '/' || !isAwsJson || operation === undefined) throw errors.unknownOperation()
  return operation
}
