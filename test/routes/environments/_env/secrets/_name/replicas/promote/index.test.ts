import t from 'tap'
import { build, declared, untilReplicated } from '#test/helper'

const primary = '/environments/dev/secrets/payments%2Fdb'
const replica = '/environments/standby/secrets/payments%2Fdb'

t.test('promoteReplica', async (t) => {
  const standby = { ...declared.environments.dev, region: 'eu-central-1', namePrefix: 'dev/' }
  const gateway = await build(t, { environments: { ...declared.environments, standby } })
  await gateway.send('PUT', primary, { json: { value: 'v' } })
  await gateway.send('PUT', `${primary}/replicas`, { json: { replicaRegions: [{ region: 'eu-central-1' }] } })
  await untilReplicated(gateway, primary)

  t.match((await gateway.send('GET', replica)).json, { value: 'v' })
  t.match(await gateway.send('PUT', replica, { json: { value: 'w' } }), { status: 422, json: { code: 'aws-refused', detail: /not permitted on a replica/ } })

  t.match(await gateway.send('POST', `${replica}/replicas/promote`), { status: 200, json: { name: 'payments/db', arn: /:eu-central-1:/ } })
  t.match(await gateway.send('PUT', replica, { json: { value: 'w' } }), { status: 200 }, 'the promoted replica can be written')
  t.match((await gateway.send('GET', primary)).json, { value: 'v' }, 'the former primary is unchanged')

  t.match(await gateway.send('POST', `${replica}/replicas/promote`), { status: 422, json: { code: 'aws-refused' } }, 'it is no longer a replica')
  t.match(await gateway.send('POST', `${replica}/replicas/promote`, { json: {} }), { status: 400 }, 'a body is refused')
  t.match(await gateway.send('POST', '/environments/dev/secrets/none/replicas/promote'), { status: 404, json: { code: 'secret-not-found' } })
})

t.test('a promoted replica does not get the settings of its environment, and the reply warns about that', async (t) => {
  const standby = { ...declared.environments.dev, region: 'eu-central-1', namePrefix: 'dev/', tags: { environment: 'standby' }, replicaRegions: ['us-east-1'] }
  const gateway = await build(t, { environments: { ...declared.environments, standby } })
  await gateway.send('PUT', primary, { json: { value: 'v' } })
  await gateway.send('PUT', `${primary}/replicas`, { json: { replicaRegions: [{ region: 'eu-central-1' }] } })
  await untilReplicated(gateway, primary)
  t.match(await gateway.send('POST', `${replica}/replicas/promote`), {
    status: 200, json: { warnings: ['Tags of the environment are missing.', 'Replicas in regions of the environment are missing.'] }
  })
})
