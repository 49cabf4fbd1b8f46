import { randomInt } from 'node:crypto'
import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import type { Scope } from '#src/local-backend/scope'
import { findByArn, findByName, type Secret } from '#src/local-backend/store/secrets'
import type { OperationContext } from './context.ts'

const suffixCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/**
 * What is put behind a name to make an ARN. The six characters made here are never all digits, so that a name that ends in a
 * date, say, is still found by a partial ARN. AWS knows no such exception, and would not find that name.
 */
const suffix = /-(?!\d{6}$)[A-Za-z0-9]{6}$/
const secretName = new RegExp(limits.secretNamePattern)

/** Throws AWS's ValidationException if a name holds a character that AWS doesn't accept. */
export function checkName (name: string): void {
  if (!secretName.test(name)) throw errors.invalidName()
}

/** A new ARN for a name: with six random characters, so that a name used again has another one. */
export function newArn (scope: Scope, name: string): string {
  const characters = Array.from({ length: 6 }, () => suffixCharacters.charAt(randomInt(suffixCharacters.length)))
  const arn = `${arnPrefix(scope)}${name}-${characters.join('')}`
  return suffix.test(arn) ? arn : newArn(scope, name)
}

/**
 * Finds a secret by name, ARN, or ARN without the six random characters; throws ResourceNotFoundException if the account has
 * none in the region, and ValidationException for a bad name. A secret of another account is found where `authorize` has made
 * out that the caller may do what it asks for.
 */
export function findSecret (context: OperationContext, secretId: string): Secret {
  if (!secretId.startsWith('arn:')) checkName(secretId)
  const secret = lookUp(context, context.foreign ?? context.scope, secretId)
  if (secret === undefined) throw errors.secretNotFound()
  return secret
}

/**
 * The secret that a secret ID stands for in a scope, if there is one.
 *
 * An ARN that ends in a hyphen and six characters is taken for a whole one, so that a secret whose name ends like that isn't
 * found by a partial ARN: so it is with AWS. Unlike AWS, this takes six digits for a part of the name.
 */
export function lookUp ({ store, now }: Pick<OperationContext, 'store' | 'now'>, scope: Scope, secretId: string): Secret | undefined {
  if (!secretId.startsWith('arn:')) return findByName(store, scope, secretId, now)
  if (suffix.test(secretId)) return findByArn(store, scope, secretId, now)
  return findByName(store, scope, nameInPartialArn(scope, secretId), now)
}

/** The account and region in a secret's ARN, whole or partial; undefined for a name, and for any other ARN. */
export function scopeIn (secretId: string): Scope | undefined {
  const [, region, accountId] = /^arn:aws:secretsmanager:([^:]+):(\d{12}):secret:./.exec(secretId) ?? []
  return region === undefined || accountId === undefined ? undefined : { accountId, region }
}

/** The ARN of a secret of that name before there is one: with a question mark for each of the six characters. */
export function expectedArn (scope: Scope, name: string): string {
  return `${arnPrefix(scope)}${name}-??????`
}

/** As `findSecret`, for an operation that AWS refuses while a secret is scheduled for deletion. */
export function findActiveSecret (context: OperationContext, secretId: string): Secret {
  const secret = findSecret(context, secretId)
  if (secret.purgeAt !== null) throw errors.markedForDeletion()
  return secret
}

/** The name that a secret ID stands for, whether or not there is such a secret; undefined for an ARN outside the scope. */
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
  return `arn:aws:secretsmanager:${region}:${accountId}:secret:`
}
