import type { Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** Returns the text of the secret's resource policy with this name, exactly as it was stored; undefined if there is none. */
export function findResourcePolicy ({ database }: Store, { id }: Secret, name: string): string | undefined {
  return database.statement<{ policy: string }>(
    'SELECT policy FROM resource_policies WHERE secret_id = $id AND name = $name'
  ).get({ id, name })?.policy
}

/** Returns all resource policies of a secret, sorted by name. */
export function resourcePoliciesOf ({ database }: Store, { id }: Secret): { name: string, policy: string }[] {
  return database.statement<{ name: string, policy: string }>(
    'SELECT name, policy FROM resource_policies WHERE secret_id = $id ORDER BY name'
  ).all({ id })
}

/** Stores a resource policy of a secret. It replaces a stored policy of the same name. */
export function storeResourcePolicy ({ database }: Store, { id }: Secret, name: string, policy: string): void {
  database.statement(`
    INSERT INTO resource_policies (secret_id, name, policy) VALUES ($id, $name, $policy)
    ON CONFLICT DO UPDATE SET policy = excluded.policy`
  ).run({ id, name, policy })
}

export function deleteResourcePolicy ({ database }: Store, { id }: Secret, name: string): void {
  database.statement('DELETE FROM resource_policies WHERE secret_id = $id AND name = $name').run({ id, name })
}
