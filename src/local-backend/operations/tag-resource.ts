import type { Input } from '../protocol/input.ts'
import type { OperationContext } from '../rules/context.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { attachTags } from '../rules/tags.ts'
import { updateSecret } from '../store/secrets.ts'

/** Attaches tags to a secret. It answers with an empty body. */
export function tagResource ({ SecretId, Tags }: Input<'TagResource'>, context: OperationContext): undefined {
  const secret = findActiveSecret(context, SecretId)
  attachTags(context.store, secret, Tags)
  updateSecret(context.store, secret, context.now)
}
