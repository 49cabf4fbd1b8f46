import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** A tag, with the member names of AWS's API. */
export interface Tag {
  Key: string
  Value: string
}

/** Returns a secret's tags, in the order in which they were first attached; undefined if the secret has never had any. */
export function tagsOf ({ database }: Store, secret: Secret): Tag[] | undefined {
  if (!secret.tagged) return undefined
  const rows = database.statement<Tag>(
    'SELECT key AS Key, value AS Value FROM tags WHERE secret_id = $secretId ORDER BY sequence'
  ).all({ secretId: secret.id })
  return rows.map(({ Key, Value }) => ({ Key, Value }))
}

/** Stores tags, replacing those with the same key. */
export function storeTags ({ database }: Store, { id }: Secret, tags: readonly Tag[]): void {
  for (const { Key, Value } of tags) {
    database.statement(`
      INSERT INTO tags (secret_id, key, value) VALUES ($id, $key, $value)
      ON CONFLICT (secret_id, key) DO UPDATE SET value = excluded.value`
    ).run({ id, key: Key, value: Value })
  }
  database.statement('UPDATE secrets SET tagged = 1 WHERE id = $id').run({ id })
}

export function deleteTag ({ database }: Store, { id }: Secret, key: string): void {
  database.statement('DELETE FROM tags WHERE secret_id = $id AND key = $key').run({ id, key })
}
