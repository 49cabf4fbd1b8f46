import { kmsPermissions, replicaKeyPermissions } from '#src/aws-model/permissions'
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
 * Returns the permission that is missing, for example `secretsmanager:GetSecretValue` on the ARN of a secret. An operation may
 * need permission for several actions, so the denied action is taken from the message of AWS's `AccessDeniedException`. If the
 * message has an unexpected form, the operation's name is returned. The message itself is never returned, because it describes
 * the credential's policies.
 */
export function deniedPermission (message: string, { operation, input = {} }: DeniedCall): string {
  if (message === kmsDenial) return kmsPermission(operation, input)
  const [, action, resource] = iamDenial.exec(message) ?? []
  if (action === undefined) return operation
  return resource !== undefined && mayShow(resource, input) ? `${action} on ${resource}` : action
}

/** The reason why IAM denies a call. */
export interface DenialReason {
  /** True if a policy denies the call. False if no policy of this kind allows it. */
  readonly isExplicit: boolean
  /** The kind of policy, such as `identity-based policy`. */
  readonly policy: string
}

const reasonPatterns = [
  { isExplicit: false, pattern: / because no ([A-Za-z -]+) allows the / },
  { isExplicit: true, pattern: / with an explicit deny in an? ([A-Za-z -]+)/ }
]

/** Returns the reason for a denial, if the message of AWS's `AccessDeniedException` contains it. */
export function denialReason (message: string): DenialReason | undefined {
  const found = reasonPatterns.map(({ isExplicit, pattern }) => ({ isExplicit, policy: pattern.exec(message)?.[1] }))
  return found.find((reason): reason is DenialReason => reason.policy !== undefined)
}

/** Joins the permissions on a key by "or", because AWS's message does not say which of them is missing. */
function kmsPermission (operation: string, { KmsKeyId }: Input): string {
  const isNamed = KmsKeyId !== undefined && /^[A-Za-z0-9:/_-]{1,600}$/.test(KmsKeyId)
  const key = isNamed ? `the KMS key ${KmsKeyId}` : 'the KMS key of the secret'
  const needed: Readonly<Record<string, readonly string[]>> =
    { ...kmsPermissions, ReplicateSecretToRegions: [...kmsPermissions.ReplicateSecretToRegions ?? [], ...replicaKeyPermissions] }
  const permissions = needed[operation] ?? [operation]
  const last = permissions.slice(-2).join(' or ')
  return `${[...permissions.slice(0, -2), last].join(', ')} on ${key}`
}

/**
 * Returns true if the text is an ARN that the caller may see. A secret's ARN is shown only if the call named that secret, so that
 * no other secret's name is revealed.
 */
function mayShow (resource: string, { Name, SecretId, SecretIdList = [] }: Input): boolean {
  const [, service] = arnPattern.exec(resource) ?? []
  if (service !== 'secretsmanager') return service !== undefined
  return [Name, SecretId, ...SecretIdList].some((name) => name !== undefined && name === secretNameInArn(resource))
}
