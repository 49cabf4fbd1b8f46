import type { SecretName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/** Adds tags, or replaces the values of existing ones. @throws Problem for any AWS error */
export async function tagSecret (scope: Scope, name: SecretName, tags: Readonly<Record<string, string>>): Promise<void> {
  await scope.aws.tagResource(scope, name, tags)
}

/** Removes tags. Keys that the secret does not have are ignored. @throws Problem for any AWS error */
export async function untagSecret (scope: Scope, name: SecretName, keys: readonly string[]): Promise<void> {
  await scope.aws.untagResource(scope, name, keys)
}
