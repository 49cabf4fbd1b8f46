import { type Operation } from '../../aws-model.ts'
import { type Input } from '../protocol/input.ts'
import { validateInput } from '../protocol/validation.ts'
import { batchGetSecretValue } from './batch-get-secret-value.ts'
import { type OperationContext } from '../rules/context.ts'
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
import { updateSecret } from './update-secret.ts'

/** Validates the parsed body of a request and carries it out. Undefined is an empty answer. */
export type Carry = (body: unknown, context: OperationContext) => object | undefined

/** The operations that are offered, by AWS's names. */
export const operations: ReadonlyMap<string, Carry> = new Map([
  offer('BatchGetSecretValue', batchGetSecretValue),
  offer('CreateSecret', createSecret),
  offer('DeleteSecret', deleteSecret),
  offer('DescribeSecret', describeSecret),
  offer('GetRandomPassword', getRandomPassword),
  offer('GetSecretValue', getSecretValue),
  offer('ListSecretVersionIds', listSecretVersionIds),
  offer('ListSecrets', listSecrets),
  offer('PutSecretValue', putSecretValue),
  offer('RestoreSecret', restoreSecret),
  offer('TagResource', tagResource),
  offer('UpdateSecret', updateSecret)
])

function offer<Name extends Operation> (
  name: Name, carryOut: (input: Input<Name>, context: OperationContext) => object | undefined
): [string, Carry] {
  return [name, (body, context) => carryOut(validateInput(name, body), context)]
}
