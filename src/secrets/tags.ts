import { toAwsName, type SecretName } from '#src/environments/names'
import type { Scope } from './scope.ts'

/** Adds tags, or gives those that there are another value. @throws Problem as AWS answers */
export async function tagSecret (scope: Scope, name: SecretName, tags: Readonly<Record<string, string>>): Promise<void> {
  await scope.aws.tagResource({
    SecretId: toAwsName(scope.environment, name),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  })
}

/** Removes tags; one that there is not is none to remove. @throws Problem as AWS answers */
export async function untagSecret (scope: Scope, name: SecretName, keys: readonly string[]): Promise<void> {
  await scope.aws.untagResource({ SecretId: toAwsName(scope.environment, name), TagKeys: [...keys] })
}
