import t from 'tap'
import type { SecretsPort } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { cancelRotation } from '#src/secrets/rotation'
import type { Scope } from '#src/secrets/scope'

const name = 'a' as SecretName

/**
 * Returns a scope in which AWS refuses to remove a label. Each call of `describeSecret` returns the next element of `shown` as
 * the secret's versions.
 */
function scopeWhere (...shown: Record<string, string[]>[]): Scope {
  const aws: Partial<SecretsPort> = {
    cancelRotateSecret: async () => ({ name, arn: 'arn' }),
    describeSecret: async () => ({ name, arn: 'arn', state: 'active', versions: shown.shift() ?? {} }),
    updateSecretVersionStage: async () => { throw new Problem('aws-refused') }
  }
  return { may: () => true, aws } as unknown as Scope
}

const pending = { one: ['AWSCURRENT'], two: ['AWSPENDING'] }

t.test('a label that was removed in the meantime does not have to be discarded', async (t) => {
  t.same(await cancelRotation(scopeWhere(pending, { one: ['AWSCURRENT'] }), name, true), { name, arn: 'arn' })
  t.same(await cancelRotation(scopeWhere(pending, { two: ['AWSCURRENT', 'AWSPENDING'] }), name, true), { name, arn: 'arn' })
})

t.test('a label that is still there is reported', async (t) => {
  await t.rejects(cancelRotation(scopeWhere(pending, pending), name, true), { code: 'aws-refused' })
})
