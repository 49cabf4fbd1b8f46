import t from 'tap'
import type { SecretsPort } from '#src/aws/port'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { emptyVersions } from '#src/secrets/empty-versions'
import { readSecret } from '#src/secrets/read'
import { rotateSecret } from '#src/secrets/rotation'
import type { Scope } from '#src/secrets/scope'

const name = 'a' as SecretName
const versionId = '00000000-0000-4000-8000-000000000000'

/** Returns a scope in which AWS finds no version of the secret, and `describeSecret` answers requests for its metadata. */
function scopeWhere (describeSecret: SecretsPort['describeSecret']): Scope {
  const aws: Partial<SecretsPort> = {
    describeSecret,
    getSecretValue: async () => { throw new Problem('version-not-found', { awsRequestId: 'of the read' }) },
    rotateSecret: async () => ({ name, arn: 'arn' })
  }
  return { callerId: 'c', environment: { name: 'dev' }, may: () => true, aws } as unknown as Scope
}

t.test('a credential that may not see metadata gets AWS\'s own answer', async (t) => {
  const scope = scopeWhere(async () => { throw new Problem('aws-access-denied') })
  await t.rejects(readSecret(scope, name, { versionId }), { code: 'version-not-found', options: { awsRequestId: 'of the read' } })
  t.same(await rotateSecret(scope, name), { name, arn: 'arn' })
  t.same(await emptyVersions(scope, name, [], true), [])
})

t.test('a secret without any version', async (t) => {
  const scope = scopeWhere(async () => ({ name, arn: 'arn', state: 'placeholder' }))
  await t.rejects(readSecret(scope, name, { versionId }), { code: 'version-not-found' })
  t.match(await rotateSecret(scope, name), { warnings: [/has no value/] })
})

t.test('a defect is not mistaken for a missing permission', async (t) => {
  const scope = scopeWhere(async () => { throw new TypeError('a defect') })
  await t.rejects(readSecret(scope, name, { versionId }), TypeError)
  await t.rejects(rotateSecret(scope, name), TypeError)
})
