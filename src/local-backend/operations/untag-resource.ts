import type { Input } from '#src/aws-protocol/input'
import { findTaggableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { detachTags } from '#src/local-backend/rules/tags'
import { updateSecret } from '#src/local-backend/store/secrets'

/** Removes tags from a secret, ignoring unknown keys. The reply is empty. */
export function untagResource ({ SecretId, TagKeys }: Input<'UntagResource'>, context: CallContext): undefined {
  const secret = findTaggableSecret(context, SecretId)
  detachTags(context, secret, TagKeys)
  updateSecret(context.store, secret, context.now)
}
