import t, { type Test } from 'tap'
import type { SecretName } from '#src/environments/names'
import { assertCurrent } from '#src/secrets/precondition'
import type { Scope } from '#src/secrets/scope'

const name = 's' as SecretName

/** Checks that `expected` is current. AWS shows these versions one after another, and then always the last one. */
async function check (shown: string[], isUncertain: () => boolean): Promise<number> {
  let asked = 0
  const aws = {
    mayBeCurrent: isUncertain,
    describeSecret: async () => ({ versions: { [shown[asked++] ?? shown.at(-1) ?? '']: ['AWSCURRENT'] } })
  }
  await assertCurrent({ aws } as unknown as Scope, name, { versionId: 'expected' })
  return asked
}

await t.test('if another version is shown although the expected one may be current, the secret is read again', async (t: Test) => {
  t.equal(await check(['expected'], () => true), 1)
  t.equal(await check(['other', 'other', 'expected'], () => true), 3)
  await t.rejects(check(['other', 'expected'], () => false), { code: 'precondition-failed' })
  let answers = 0
  await t.rejects(check(['other'], () => ++answers < 3), { code: 'precondition-failed' }, 'it is known now')
})
