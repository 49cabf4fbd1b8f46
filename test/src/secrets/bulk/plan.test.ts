import t from 'tap'
import type { Action } from '#src/authorization/actions'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { assertMayCarryOut, type Plan } from '#src/secrets/bulk/plan'
import type { Scope } from '#src/secrets/scope'

const name = 'a' as SecretName
const existing = { name, arn: 'arn', state: 'present' } as unknown as SecretMetadata

/** A scope in which the caller has lost a permission, and nothing has a counterpart in another environment. */
const without = (lost: Action): Scope =>
  ({ may: (action: Action) => action !== lost, counterparts: () => [], environment: { replicaRegions: [] } }) as unknown as Scope

const plan = (changes: Partial<Plan>): Plan => ({ existing, result: 'updated', restores: false, changes: { name }, ...changes })

/** Plans, and the permissions that carrying them out requires. */
const plans: Record<string, readonly [Plan | undefined, readonly Action[]]> = {
  'a new secret': [undefined, ['CreateSecret']],
  'a secret that is skipped': [plan({ result: 'skipped' }), ['CreateSecret']],
  'a secret that is restored': [plan({ restores: true }), ['CreateSecret', 'RestoreSecret']],
  'another description': [plan({ changes: { name, description: 'd' } }), ['CreateSecret', 'UpdateSecret']],
  'another value': [plan({ changes: { name, content: 'v' } }), ['CreateSecret', 'UpdateSecret', 'PutSecretValue']],
  'another tag': [plan({ changes: { name, tags: { a: 'b' } } }), ['CreateSecret', 'TagResource']],
  'a creation that is repeated': [plan({ repeats: true, changes: { name, content: 'v', tags: { a: 'b' } } }), ['CreateSecret']]
}

const candidates: readonly Action[] = ['CreateSecret', 'RestoreSecret', 'UpdateSecret', 'PutSecretValue', 'TagResource']

t.test('a plan is carried out only while the caller has the permissions for it', async (t) => {
  for (const [what, [plan, needed]] of Object.entries(plans)) {
    const refused = candidates.filter((action) => {
      try {
        assertMayCarryOut(without(action), { name }, plan)
        return false
      } catch {
        return true
      }
    })
    t.same(refused, candidates.filter((action) => needed.includes(action)), what)
  }
})
