import type { Environment } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { invalidRequest, type RequestError } from '#src/problems/problem'
import { checkTags } from './input.ts'
import type { Scope } from './scope.ts'

/** The part of a request that has the tags, or their keys. */
type Place = Omit<RequestError, 'message'>

/** Checks the tags that a secret is to get, as `checkTags` does. @throws Problem `invalid-request` with the first error */
export function assertTags (environment: Environment, tags: Record<string, string>, place: Place): void {
  checkTags(environment, tags, (_member, message) => { throw invalidRequest({ ...place, message }) })
}

/** Checks that the tags to remove do not include one of the environment's own. @throws Problem `invalid-request` */
export function assertRemovable ({ tags }: Environment, keys: readonly string[], place: Place): void {
  if (keys.some((key) => Object.hasOwn(tags, key))) {
    throw invalidRequest({ ...place, message: 'must NOT name a tag that the environment gives' })
  }
}

/** Adds tags, or replaces the values of existing tags. @throws Problem for any AWS error */
export async function tagSecret (scope: Scope, name: SecretName, tags: Readonly<Record<string, string>>): Promise<void> {
  await scope.aws.tagResource(scope, name, tags)
}

/** Removes tags. Keys that the secret does not have are ignored. @throws Problem for any AWS error */
export async function untagSecret (scope: Scope, name: SecretName, keys: readonly string[]): Promise<void> {
  await scope.aws.untagResource(scope, name, keys)
}
