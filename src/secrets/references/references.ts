import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { Scope } from '#src/secrets/scope'
import { formats, type Format, type GatewayAddress } from './formats.ts'
import type { References } from './schemas.ts'

export interface ReferenceOptions {
  /** The key of one field, if the references are to that field only. */
  readonly field?: string | undefined
  readonly gateway: GatewayAddress
  /** True if the tools have to read the secret through the gateway. */
  readonly throughGateway: boolean
}

/**
 * Returns references to the secret, or to one key of its value, in the formats of other tools. The value is not read, so there is
 * no check that the key exists.
 *
 * @throws Problem for any AWS error
 */
export async function referencesTo (scope: Scope, name: SecretName, options: ReferenceOptions): Promise<References> {
  const { field, gateway, throughGateway } = options
  const { arn } = await scope.aws.describeSecret(scope, name)
  const { region } = scope.environment
  const secret = compact({ name, arn, region, field })
  const reasonAgainst = ({ cannotName, cannotReach }: Format): string | undefined =>
    (throughGateway ? cannotReach?.(gateway) : undefined) ?? (field === undefined ? undefined : cannotName?.(field))
  const items = formats.map((one) => {
    const { format, title, language, text } = one
    const unsupported = reasonAgainst(one)
    const content = unsupported === undefined ? { text: text({ ...secret, gateway, throughGateway }) } : { unsupported }
    return { format, title, language, ...content }
  })
  return { ...secret, items }
}
