import type { Input } from '../protocol/input.ts'
import { findChangeableSecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { detachTags } from '../rules/tags.ts'
import { updateSecret } from '../store/secrets.ts'

/** Removes tags from a secret; a key that no tag has is passed over. It answers with an empty body. */
export function untagResource ({ SecretId, TagKeys }: Input<'UntagResource'>, context: CallContext): undefined {
  const secret = findChangeableSecret(context, SecretId)
  detachTags(context, secret, TagKeys)
  updateSecret(context.store, secret, context.now)
}
