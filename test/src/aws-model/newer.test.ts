import * as sdk from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { newerOperations, newerShapes } from '#src/aws-model/newer'
import { operations } from '#src/aws-model/shapes'

const added = Object.keys(newerOperations).filter((name) => !(name in operations))

await t.test('the table of AWS\'s newer model is needed, because the installed SDK does not offer the operations yet', async (t) => {
  t.strictSame(added, ['AssociateCrossAccountReplica', 'DisassociateCrossAccountReplica', 'ListResourcePolicies'])
  const offered = added.filter((name) => `${name}Command` in sdk)
  t.strictSame(offered, [], 'The SDK offers these operations now: move their shapes to src/aws-model/shapes.ts, delete ' +
  'src/aws-model/newer.ts, and give the operations routes.')
})

await t.test('the installed SDK offers the other operations', async (t) => {
  t.strictSame(Object.keys(operations).filter((name) => !(`${name}Command` in sdk)), [])
})

await t.test('every shape that an operation names is in the table', async (t) => {
  const named = Object.values(newerOperations).flatMap(({ members }) => Object.values<string>(members))
  t.strictSame(named.filter((name) => !(name in newerShapes)), [])
})
