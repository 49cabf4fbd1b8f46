import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { proxyWithFaults, refusal } from '#test/faults'
import { build, type Gateway } from '#test/helper'
import { buildRealistic } from '#test/realistic/build'
import { until } from '#test/until'

const secrets = (environment: string): string => `/environments/${environment}/secrets`

/** Returns the states in the consistency report of an environment, by name. */
async function states ({ send }: Gateway, environment: string): Promise<Record<string, string>> {
  const { json } = await send('GET', `/consistency?environments=${environment}`)
  return Object.fromEntries(json.items.map(({ name, environments }: { name: string, environments: Record<string, { state: string }> }) =>
    [name, environments[environment]?.state]))
}

await t.test('a consistency report shows the changes that the gateway has made, although AWS\'s lists lack them', async (t) => {
  const gateway = await buildRealistic(t, 'lists')
  const { send } = gateway
  const path = `${secrets('dev')}/a`
  await send('POST', path, { json: {} })
  t.same(await states(gateway, 'dev'), { a: 'placeholder' })
  await send('PUT', path, { json: { value: 'v' } })
  t.same(await states(gateway, 'dev'), { a: 'present' })
  await send('DELETE', path)
  t.same(await states(gateway, 'dev'), { a: 'pending-deletion' })
  await send('POST', `${path}/restore`)
  t.same(await states(gateway, 'dev'), { a: 'present' })
  await send('DELETE', `${path}?force=true`)
  t.same(await states(gateway, 'dev'), {})
})

await t.test('a required secret that the list lacks is looked up', async (t) => {
  // With this seed, lists lack the secret for more than two minutes.
  const gateway = await buildRealistic(t, 'required 467')
  t.same(await states(gateway, 'prod'), { 'payments/db': 'missing' })
  const another = new SecretsManager({
    endpoint: gateway.fastify.config.current.aws.endpoint ?? '',
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIAPROD', secretAccessKey: 'AKIAPROD-secret' }
  })
  t.teardown(() => { another.destroy() })
  await another.createSecret({ Name: 'production-secrets/payments/db', SecretString: 'v' })
  await until(async () => (await states(gateway, 'prod'))['payments/db'] === 'present')
  t.same((await gateway.send('GET', secrets('prod'))).json.items, [])
})

await t.test('a required secret is missing if AWS denies the look-up', async (t) => {
  const gateway = await build(t)
  const fail = await proxyWithFaults(t, gateway)
  fail('DescribeSecret', refusal('AccessDeniedException', 'No.'))
  t.same(await states(gateway, 'prod'), { 'payments/db': 'missing' })
  fail('DescribeSecret', refusal('InvalidRequestException', 'No.'))
  t.match(await gateway.send('GET', '/consistency?environments=prod'), { json: { code: 'aws-refused' } }, 'anything else is an error')
})

await t.test('a promotion of missing secrets takes the gateway\'s latest writes into account', async (t) => {
  const gateway = await buildRealistic(t, 'missing')
  const { send } = gateway
  for (const name of ['a', 'b', 'c']) await send('PUT', `${secrets('dev')}/${name}`, { json: { value: name } })
  await send('PUT', `${secrets('staging')}/b`, { json: { value: 'own' } })
  const promote = async (): Promise<unknown> => {
    const { json } = await send('POST', '/environments/staging/promotions', { json: { from: 'dev', missing: true } })
    return json.items.map(({ name, result }: { name: string, result: string }) => [name, result])
  }
  t.same(await promote(), [['a', 'created'], ['c', 'created']])
  t.same(await promote(), [])
  await send('DELETE', `${secrets('dev')}/c?force=true`)
  t.same(await promote(), [])
})
