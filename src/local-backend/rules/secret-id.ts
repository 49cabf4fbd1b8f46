import { randomInt } from 'node:crypto'
import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import { partitionIn } from '#src/local-backend/partition'
import type { Scope } from '#src/local-backend/scope'
import { findByArn, findByName, type Secret } from '#src/local-backend/store/secrets'
import type { OperationContext } from './context.ts'

const suffixCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/**
 * Matches the end of a complete ARN: a hyphen and six random characters. This backend never generates six random digits. An ARN
 * that ends in six digits is therefore partial, and the digits belong to the secret's name, as in `backup-261129`. AWS makes no
 * exception for digits, and can't find such a secret by its partial ARN.
 */
const suffix = /-(?!\d{6}$)[A-Za-z0-9]{6}$/
const secretName = new RegExp(limits.secretNamePattern)

/**
 * Checks that a name contains only characters that AWS accepts.
 *
 * @throws AwsError `ValidationException`
 */
export function checkName (name: string): void {
  if (!secretName.test(name)) throw errors.invalidName()
}

/**
 * Creates an ARN for a name. The ARN ends in six random characters, so a new secret that reuses the name of a deleted one gets a
 * different ARN.
 */
export function newArn (scope: Scope, name: string): string {
  const characters = Array.from({ length: 6 }, () => suffixCharacters.charAt(randomInt(suffixCharacters.length)))
  const arn = `${arnPrefix(scope)}${name}-${characters.join('')}`
  return suffix.test(arn) ? arn : newArn(scope, name)
}

/**
 * Finds a secret by name, by ARN, or by ARN without the six random characters. Finds another account's secret only with a context
 * that `authorize` returned.
 *
 * @throws AwsError `ResourceNotFoundException` if the secret doesn't exist, or `ValidationException` if the name is invalid
 */
export function findSecret (context: OperationContext, secretId: string): Secret {
  if (!secretId.startsWith('arn:')) checkName(secretId)
  const secret = lookUp(context, context.foreign ?? context.scope, secretId)
  if (secret === undefined) throw errors.secretNotFound()
  return secret
}

/**
 * Returns the secret that a secret ID refers to in a scope; undefined if it doesn't exist.
 *
 * An ARN that ends in a hyphen and six letters or digits counts as complete. As in AWS, a secret whose name ends like that can't
 * be found by its partial ARN. Unlike AWS, this backend makes an exception for six digits, which it treats as part of the name.
 */
export function lookUp ({ store, now }: Pick<OperationContext, 'store' | 'now'>, scope: Scope, secretId: string): Secret | undefined {
  if (!secretId.startsWith('arn:')) return findByName(store, scope, secretId, now)
  if (suffix.test(secretId)) return findByArn(store, scope, secretId, now)
  return findByName(store, scope, nameInPartialArn(scope, secretId), now)
}

/** Returns the account and region in a secret's complete or partial ARN. Returns undefined for names and for other ARNs. */
export function scopeIn (secretId: string): Scope | undefined {
  const [, region, accountId] = /^arn:aws[a-z-]*:secretsmanager:([^:]+):(\d{12}):secret:./.exec(secretId) ?? []
  return region === undefined || accountId === undefined ? undefined : { accountId, region }
}

/** Returns the ARN pattern of a secret that does not exist yet, with a question mark for each of the six random characters. */
export function expectedArn (scope: Scope, name: string): string {
  return `${arnPrefix(scope)}${name}-??????`
}

/**
 * Does the same as `findSecret`, but rejects secrets that are scheduled for deletion, as most AWS operations do.
 *
 * @throws AwsError `InvalidRequestException` if the secret is scheduled for deletion; the errors of `findSecret`
 */
export function findActiveSecret (context: OperationContext, secretId: string): Secret {
  const secret = findSecret(context, secretId)
  if (secret.purgeAt !== null) throw errors.markedForDeletion()
  return secret
}

/**
 * Returns the name that a secret ID refers to, even if the secret doesn't exist. Returns undefined for an ARN outside the scope.
 */
export function nameIn (scope: Scope, secretId: string): string | undefined {
  if (!secretId.startsWith('arn:')) return secretId
  const name = nameInPartialArn(scope, secretId).replace(suffix, '')
  return name === '' ? undefined : name
}

function nameInPartialArn (scope: Scope, arn: string): string {
  const prefix = arnPrefix(scope)
  return arn.startsWith(prefix) ? arn.slice(prefix.length) : ''
}

function arnPrefix ({ accountId, region }: Scope): string {
  return `arn:${partitionIn(region)}:secretsmanager:${region}:${accountId}:secret:`
}
