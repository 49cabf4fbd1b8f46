import { type Input } from '../protocol/input.ts'
import { findActiveSecret } from '../rules/secret-id.ts'
import { updateSecret } from '../store/secrets.ts'
import { attachTags } from '../store/tags.ts'
import { type OperationContext } from '../rules/context.ts'

/** Attaches tags to a secret. It answers with an empty body. */
export function tagResource ({ SecretId, Tags }: Input<'TagResource'>, context: OperationContext): undefined {
  const secret = findActiveSecret(context, SecretId)
  attachTags(context.store, secret, Tags)
  updateSecret(context.store, secret, context.now)
}
