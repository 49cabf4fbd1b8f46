import type { Input } from '#src/aws-protocol/input'
import { findTaggableSecret } from '#src/local-backend/rules/changeable-secret'
import type { CallContext } from '#src/local-backend/rules/context'
import { attachTags } from '#src/local-backend/rules/tags'
import { updateSecret } from '#src/local-backend/store/secrets'

/** Attaches tags to a secret. The reply is empty. */
export function tagResource ({ SecretId, Tags }: Input<'TagResource'>, context: CallContext): undefined {
  const secret = findTaggableSecret(context, SecretId)
  attachTags(context, secret, Tags)
  updateSecret(context.store, secret, context.now)
}
