import type { Input } from '../protocol/input.ts'
import { findChangeableSecret } from '../rules/changeable-secret.ts'
import type { CallContext } from '../rules/context.ts'
import { attachTags } from '../rules/tags.ts'
import { updateSecret } from '../store/secrets.ts'

/** Attaches tags to a secret. It answers with an empty body. */
export function tagResource ({ SecretId, Tags }: Input<'TagResource'>, context: CallContext): undefined {
  const secret = findChangeableSecret(context, SecretId)
  attachTags(context, secret, Tags)
  updateSecret(context.store, secret, context.now)
}
