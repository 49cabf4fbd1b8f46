import { randomInt } from 'node:crypto'
import { limits } from '../../aws-model.ts'
import { errors } from '../protocol/errors.ts'
import type { Scope } from '../scope.ts'
import { findByArn, findByName, type Secret } from '../store/secrets.ts'
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
 * none in the region, and ValidationException for a bad name.
 *
 * An ARN that ends in a hyphen and six characters is taken for a whole one, so that a secret whose name ends like that isn't
 * found by a partial ARN: so it is with AWS. Unlike AWS, this takes six digits for a part of the name.
 */
export function findSecret ({ store, scope, now }: OperationContext, secretId: string): Secret {
  const isArn = secretId.startsWith('arn:')
  if (!isArn) checkName(secretId)
  const name = isArn ? nameInPartialArn(scope, secretId) : secretId
  const secret = isArn && suffix.test(secretId) ? findByArn(store, scope, secretId, now) : findByName(store, scope, name, now)
  if (secret === undefined) throw errors.secretNotFound()
  return secret
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
