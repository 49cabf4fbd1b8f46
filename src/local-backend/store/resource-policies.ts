import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** Returns the text of a secret's resource policy, exactly as it was stored; undefined if it has none. */
export function findResourcePolicy ({ database }: Store, { id }: Secret): string | undefined {
  return database.statement<{ policy: string }>('SELECT policy FROM resource_policies WHERE secret_id = $id').get({ id })?.policy
}

/** Stores a secret's resource policy, replacing the existing one. */
export function storeResourcePolicy ({ database }: Store, { id }: Secret, policy: string): void {
  database.statement(`
    INSERT INTO resource_policies (secret_id, policy) VALUES ($id, $policy)
    ON CONFLICT DO UPDATE SET policy = excluded.policy`
  ).run({ id, policy })
}

export function deleteResourcePolicy ({ database }: Store, { id }: Secret): void {
  database.statement('DELETE FROM resource_policies WHERE secret_id = $id').run({ id })
}
