import type { Operation } from '../../aws-model.ts'
import type { Input } from '../protocol/input.ts'
import { validateInput } from '../protocol/validation.ts'
import type { OperationContext } from '../rules/context.ts'
import type { Access } from './access.ts'
import { batchGetSecretValue } from './batch-get-secret-value.ts'
import { createSecret } from './create-secret.ts'
import { deleteSecret } from './delete-secret.ts'
import { describeSecret } from './describe-secret.ts'
import { getRandomPassword } from './get-random-password.ts'
import { getSecretValue } from './get-secret-value.ts'
import { listSecretVersionIds } from './list-secret-version-ids.ts'
import { listSecrets } from './list-secrets.ts'
import { putSecretValue } from './put-secret-value.ts'
import { restoreSecret } from './restore-secret.ts'
import { tagResource } from './tag-resource.ts'
import { untagResource } from './untag-resource.ts'
import { updateSecretVersionStage } from './update-secret-version-stage.ts'
import { updateSecret } from './update-secret.ts'

/** Carries out one request. Undefined is an empty answer. */
export type Handler = (context: OperationContext) => object | undefined

/** An operation that is offered. */
export interface OfferedOperation {
  access: Access
  /** Reads the parsed body of a request, and gives what carries it out; throws SerializationException or ValidationException. */
  read: (body: unknown) => Handler
}

/** The operations that are offered, by AWS's names. */
export const operations: ReadonlyMap<string, OfferedOperation> = new Map([
  offer('BatchGetSecretValue', 'reads', batchGetSecretValue),
  offer('CreateSecret', 'writes', createSecret),
  offer('DeleteSecret', 'writes', deleteSecret),
  offer('DescribeSecret', 'reads', describeSecret),
  offer('GetRandomPassword', 'none', getRandomPassword),
  offer('GetSecretValue', 'reads', getSecretValue),
  offer('ListSecretVersionIds', 'reads', listSecretVersionIds),
  offer('ListSecrets', 'reads', listSecrets),
  offer('PutSecretValue', 'writes', putSecretValue),
  offer('RestoreSecret', 'writes', restoreSecret),
  offer('TagResource', 'writes', tagResource),
  offer('UntagResource', 'writes', untagResource),
  offer('UpdateSecret', 'writes', updateSecret),
  offer('UpdateSecretVersionStage', 'writes', updateSecretVersionStage)
])

function offer<Name extends Operation> (
  name: Name, access: Access, carryOut: (input: Input<Name>, context: OperationContext) => object | undefined
): [string, OfferedOperation] {
  return [name, {
    access,
    read (body) {
      const input = validateInput(name, body)
      return (context) => carryOut(input, context)
    }
  }]
}
