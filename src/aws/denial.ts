import { secretNameInArn } from './names.ts'

/** A call that AWS denied: the operation, such as `GetSecretValue`, and its input. */
interface DeniedCall {
  operation: string
  input?: object
}

/** The members of the operations' inputs that name secrets or a KMS key. */
interface Input {
  Name?: string
  SecretId?: string
  SecretIdList?: readonly string[]
  KmsKeyId?: string
}

/** Matches IAM's denials. The groups are the action and, if the message names one, the resource. */
const iamDenial = /^User: \S+ is not authorized to perform: ([a-z][a-z0-9-]*:[A-Z][A-Za-z]+)(?: on resource: (\S+))?(?: (?:because|with) .*)?$/

const arnPattern = /^arn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9-]*:(?:\d{12})?:[A-Za-z0-9/_+=.@!:*-]{1,600}$/

const kmsDenial = 'Access to KMS is not allowed'

/**
 * The permissions, according to AWS's documentation, that an operation needs on a KMS key other than `aws/secretsmanager`. AWS's
 * message does not say which of them is missing.
 */
const kmsPermissions: Readonly<Record<string, string>> = {
  BatchGetSecretValue: 'kms:Decrypt',
  CreateSecret: 'kms:GenerateDataKey or kms:Decrypt',
  GetSecretValue: 'kms:Decrypt',
  PutSecretValue: 'kms:GenerateDataKey or kms:Decrypt',
  ReplicateSecretToRegions: 'kms:Decrypt, kms:GenerateDataKey or kms:Encrypt',
  UpdateSecret: 'kms:GenerateDataKey, kms:Encrypt or kms:Decrypt'
}

/**
 * Returns what AWS denies, for example the action `secretsmanager:GetSecretValue` on the ARN of a secret. It is taken from the
 * message of AWS's `AccessDeniedException`, because an operation may need permission for several actions. The message itself is
 * not passed on, because it describes the credential's policies. If it has an unexpected form, the result is the operation.
 */
export function deniedPermission (message: string, { operation, input = {} }: DeniedCall): string {
  if (message === kmsDenial) return kmsPermission(operation, input)
  const [, action, resource] = iamDenial.exec(message) ?? []
  if (action === undefined) return operation
  return resource !== undefined && mayShow(resource, input) ? `${action} on ${resource}` : action
}

function kmsPermission (operation: string, { KmsKeyId }: Input): string {
  const isNamed = KmsKeyId !== undefined && /^[A-Za-z0-9:/_-]{1,600}$/.test(KmsKeyId)
  const key = isNamed ? `the KMS key ${KmsKeyId}` : 'the KMS key of the secret'
  return `${kmsPermissions[operation] ?? operation} on ${key}`
}

/** Returns true for an ARN. If it is a secret's, the call must have named that secret, so that no other name is revealed. */
function mayShow (resource: string, { Name, SecretId, SecretIdList = [] }: Input): boolean {
  const [, service] = arnPattern.exec(resource) ?? []
  if (service !== 'secretsmanager') return service !== undefined
  return [Name, SecretId, ...SecretIdList].some((name) => name !== undefined && name === secretNameInArn(resource))
}
