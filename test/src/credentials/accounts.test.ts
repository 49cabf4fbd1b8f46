import t from 'tap'
import { accountNames, compareAccounts } from '#src/credentials/accounts'
import type { CredentialDefinition } from '#src/credentials/definition'

const keys = (variable: string, region?: string): CredentialDefinition => ({
  kind: 'environment', accessKeyIdVariable: variable, secretAccessKeyVariable: `${variable}_SECRET`, ...region !== undefined && { region }
})
const role = (account: string): CredentialDefinition =>
  ({ kind: 'assume-role', roleArn: `arn:aws:iam::${account}:role/gateway`, source: 'one' })

const credentials = new Map(Object.entries({
  one: keys('ONE'),
  'one-elsewhere': keys('ONE', 'eu-central-1'),
  two: keys('TWO'),
  'role-of-one': role('111122223333'),
  'role-of-two': role('444455556666')
}))

t.test('environments are in the same account if they can reach it with the same keys, or if both name it', async (t) => {
  for (const [one, other, relation] of [
    [['one'], ['one'], 'same'],
    [['one'], ['one-elsewhere'], 'same'],
    [['one'], ['two'], 'unknown'],
    [['one'], ['two', 'one'], 'same'],
    [['role-of-one'], ['role-of-one'], 'same'],
    [['role-of-one'], ['role-of-two'], 'different'],
    [['role-of-one', 'one'], ['role-of-two'], 'unknown'],
    [['role-of-one'], ['one'], 'unknown'],
    [['nosuch'], ['nosuch'], 'same'],
    [['nosuch'], ['nothing'], 'unknown'],
    [['nosuch'], ['one'], 'unknown'],
    [['one'], ['nosuch'], 'unknown']
  ] as const) {
    t.equal(compareAccounts(credentials, { allowedCredentials: one }, { allowedCredentials: other }), relation, `${one.join()} and ${other.join()}`)
  }
})

t.test('a declared account applies to all credentials of the environment', async (t) => {
  const compare = (account: string, allowedCredentials: string[]): string =>
    compareAccounts(credentials, { account: '111122223333', allowedCredentials: ['one'] }, { account, allowedCredentials })
  t.equal(compare('111122223333', ['two']), 'same')
  t.equal(compare('444455556666', ['one']), 'different')
  const declared = { account: '444455556666', allowedCredentials: ['two'] }
  t.equal(compareAccounts(credentials, declared, { allowedCredentials: ['role-of-one'] }), 'different')
  t.equal(compareAccounts(credentials, declared, { allowedCredentials: ['role-of-two'] }), 'same')
})

t.test('credentials of one account have the same identifier, as far as the configuration shows the account', async (t) => {
  t.strictSame(Object.fromEntries(accountNames(credentials, [])), {
    one: 'one', 'one-elsewhere': 'one', two: 'two', 'role-of-one': '111122223333', 'role-of-two': '444455556666'
  })
  t.strictSame(Object.fromEntries(accountNames(credentials, [
    { allowedCredentials: ['two'] },
    { account: '111122223333', allowedCredentials: ['one-elsewhere'] },
    { account: '444455556666', allowedCredentials: ['two', 'role-of-two'] }
  ])), {
    one: '111122223333', 'one-elsewhere': '111122223333', two: '444455556666', 'role-of-one': '111122223333', 'role-of-two': '444455556666'
  })
})
