import t from 'tap'
import { environmentFrom } from '#src/environments/environment'
import type { SecretName } from '#src/environments/names'
import { Problem } from '#src/problems/problem'
import { findWithheld } from '#src/secrets/bulk/carry-out'
import type { Scope } from '#src/secrets/scope'
import { newVersionId, updatedVersionId } from '#src/secrets/tokens'

const name = 'a' as SecretName

/** Returns a scope in which the secret has one version, or does not exist. */
const scopeWith = (versionId: string | undefined, isAllowed = true): Scope => ({
  environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'ci' }),
  callerId: 'c',
  versionKey: 'job',
  may: () => isAllowed,
  aws: {
    describeSecret: async () => {
      if (versionId === undefined) throw new Problem('secret-not-found')
      return Promise.resolve({ name, arn: 'arn', versions: { [versionId]: ['AWSCURRENT'] } })
    }
  }
} as unknown as Scope)

t.test('an item whose value this process does not know has been written only if AWS has the version that its write creates', async (t) => {
  const versions = { created: newVersionId(scopeWith(''), name), updated: updatedVersionId(scopeWith(''), name) }
  for (const [result, versionId] of Object.entries(versions)) {
    t.same(await findWithheld(scopeWith(versionId), { name }, true), { name, arn: 'arn', result, versionId })
  }
  const unwritten = { name, result: 'not-started', problem: { code: 'value-needed' } }
  t.match(await findWithheld(scopeWith('of another request'), { name }, true), unwritten)
  t.match(await findWithheld(scopeWith(undefined), { name }, true), unwritten)
  t.match(await findWithheld(scopeWith(versions.created), { name }, false), unwritten, 'AWS is not asked if nothing was begun')
  await t.rejects(findWithheld(scopeWith(versions.created, false), { name }, true), { code: 'forbidden' })
})
