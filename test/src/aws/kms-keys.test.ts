import t from 'tap'
import { compareKmsKeys } from '#src/aws/kms-keys'
import { build } from '#test/helper'

const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const arn = (resource: string, region = 'eu-west-1', account = '111122223333'): string => `arn:aws:kms:${region}:${account}:${resource}`

/** Pairs of keys, with the result of their comparison in either order. */
const table: readonly (readonly [one: string | undefined, other: string | undefined, result: string])[] = [
  [id, id, 'same'],
  [id, arn(`key/${id}`), 'same'],
  [arn(`key/${id}`), arn(`key/${id}`), 'same'],
  [arn(`key/${id}`), arn(`key/${id}`, 'eu-central-1'), 'different'],
  [arn(`key/${id}`), arn(`key/${id}`, 'eu-west-1', '444455556666'), 'different'],
  [id, `${id}0`, 'different'],
  [id, `0${id}`, 'different'],
  ['alias/a', arn('alias/a'), 'same'],
  ['alias/a', arn('alias/team/a'), 'unknown'],
  ['alias/team/a', arn('alias/team/a'), 'same'],
  ['alias/a', arn(`key/${id}`), 'unknown'],
  ['alias/a', id, 'unknown'],
  ['alias/a', 'alias/b', 'unknown'],
  [undefined, undefined, 'same'],
  ['', undefined, 'same'],
  ['alias/aws/secretsmanager', undefined, 'same'],
  [arn('alias/aws/secretsmanager'), undefined, 'same'],
  ['alias/a', undefined, 'different'],
  [id, undefined, 'different']
]

t.test('KMS keys are the same, different or unknown, judging by their IDs, aliases and ARNs', async (t) => {
  for (const [one, other, result] of table) {
    t.equal(compareKmsKeys(one, other), result, `${one} and ${other}`)
    t.equal(compareKmsKeys(other, one), result, `${other} and ${one}`)
  }
})

t.test('a bulk create that names the key of an existing secret changes nothing', async (t) => {
  const gateway = await build(t)
  const send = async (kmsKeyId: string): Promise<unknown> => {
    const json = { secrets: [{ name: 'a', value: 'v', kmsKeyId }], onConflict: 'update' }
    return (await gateway.send('POST', '/environments/dev/secrets', { json })).json.items[0].result
  }
  t.equal(await send('alias/k'), 'created')
  t.equal(await send('alias/k'), 'skipped')
  t.equal(await send('arn:aws:kms:eu-west-1:111111111111:alias/k'), 'skipped')
  t.equal(await send('alias/other'), 'updated')
  t.equal(await send('alias/other'), 'skipped')
  t.equal(await send('alias/aws/secretsmanager'), 'updated')
})
