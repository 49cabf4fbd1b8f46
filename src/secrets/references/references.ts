import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { Scope } from '#src/secrets/scope'
import { formats } from './formats.ts'
import type { References } from './schemas.ts'

/**
 * Returns references to the secret, or to one key of its value, in the formats of other tools. The value is not read, so there is
 * no check that the key exists.
 *
 * @throws Problem for any AWS error
 */
export async function referencesTo (scope: Scope, name: SecretName, field?: string): Promise<References> {
  const { arn } = await scope.aws.describeSecret(scope, name)
  const { region } = scope.environment
  const secret = compact({ name, arn, region, field })
  const items = formats.map(({ format, title, language, text, cannotName }) => {
    const unsupported = field === undefined ? undefined : cannotName?.(field)
    return { format, title, language, ...unsupported === undefined ? { text: text(secret) } : { unsupported } }
  })
  return { ...secret, items }
}
