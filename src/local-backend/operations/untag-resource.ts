import type { Input } from '../protocol/input.ts'
import type { OperationContext } from '../rules/context.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { detachTags } from '../rules/tags.ts'
import { updateSecret } from '../store/secrets.ts'

/** Removes tags from a secret; a key that no tag has is passed over. It answers with an empty body. */
export function untagResource ({ SecretId, TagKeys }: Input<'UntagResource'>, context: OperationContext): undefined {
  const secret = findActiveSecret(context, SecretId)
  detachTags(context.store, secret, TagKeys)
  updateSecret(context.store, secret, context.now)
}
