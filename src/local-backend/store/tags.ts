import { limits } from '../../aws-model.ts'
import { errors } from '../protocol/errors.ts'
import { type Secret } from './secrets.ts'
import { type Store } from './store.ts'

/** A tag as AWS shows it. */
export interface Tag {
  Key: string
  Value: string
}

/** A tag as a request gives it: AWS's model asks for neither member. */
export interface TagInput {
  Key?: string
  Value?: string
}

/** A secret's tags in the order in which they were attached, or undefined if it never had one. */
export function tagsOf ({ database }: Store, secret: Secret): Tag[] | undefined {
  if (!secret.tagged) return undefined
  const rows = database.statement<Tag>(
    'SELECT key AS Key, value AS Value FROM tags WHERE secret_id = $secretId ORDER BY sequence'
  ).all({ secretId: secret.id })
  return rows.map(({ Key, Value }) => ({ Key, Value }))
}

/**
 * Attaches tags, each in the place of an earlier one with its key; throws InvalidParameterException where AWS's rules for tags
 * are broken.
 */
export function attachTags (store: Store, secret: Secret, tags: readonly TagInput[]): void {
  if (tags.length === 0) return
  const seen = new Set<string>()
  for (const { Key, Value = '' } of tags) {
    if (Key === undefined) throw errors.tagKeyMissing()
    if (/^aws:/i.test(Key)) throw errors.systemTag(Key)
    if (seen.has(Key)) throw errors.duplicateTagKey(Key)
    seen.add(Key)
    store.database.statement(`
      INSERT INTO tags (secret_id, key, value) VALUES ($secretId, $key, $value)
      ON CONFLICT (secret_id, key) DO UPDATE SET value = excluded.value`
    ).run({ secretId: secret.id, key: Key, value: Value })
  }
  store.database.statement('UPDATE secrets SET tagged = 1 WHERE id = $id').run({ id: secret.id })
  const attached = tagsOf(store, { ...secret, tagged: 1 }) ?? []
  if (attached.length > limits.tagsPerSecret) throw errors.tooManyTags(limits.tagsPerSecret)
}
