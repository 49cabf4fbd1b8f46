import { Type } from '@sinclair/typebox'
import type { Action } from '#src/authorization/actions'
import type { SecretMetadata } from '#src/aws/secret'
import { isSecretName, type AnyName, type UnaddressableName } from '#src/environments/names'
import { permittedFound } from './permitted.ts'
import type { Scope } from './scope.ts'

/** The number of secrets that a reply leaves out because of their names. */
export const Unaddressable = Type.Integer({
  minimum: 1,
  description: 'The number of secrets that the caller may see but that are omitted, because their names, such as `a//b`, ' +
    'can\'t be part of a path. They can be reached in AWS\'s protocol. Absent if there are none'
})

/** Returns true if the gateway can address the secret. */
export const isAddressable = (secret: SecretMetadata<AnyName>): secret is SecretMetadata => isSecretName(secret.name)

/** Returns true if the gateway can't address the secret. */
export const isUnaddressable = (secret: SecretMetadata<AnyName>): secret is SecretMetadata<UnaddressableName> =>
  !isAddressable(secret)

/** Returns the count in the form that replies use: undefined instead of 0. */
export const asUnaddressable = (count: number): number | undefined => count === 0 ? undefined : count

/** Counts the names on which the caller may perform all of the actions. Returns undefined instead of 0. */
export async function countUnaddressable (
  scope: Scope, actions: readonly Action[], names: readonly UnaddressableName[]
): Promise<number | undefined> {
  let allowed = names
  for (const action of actions) allowed = [...await permittedFound(scope, action, allowed)]
  return asUnaddressable(allowed.length)
}
