import t from 'tap'
import { build } from '#test/helper'
import { secretsctl } from '#test/secretsctl'
import { buildRealistic } from '#test/realistic/build'

const path = '/environments/dev/secrets/a'
const args = ['describe', 'a', '--env', 'dev']
const lambda = (name: string): string => `arn:aws:lambda:eu-west-1:111111111111:function:${name}`

t.test('describe shows a secret without its value', async (t) => {
  const gateway = await build(t)
  const { json: { versionId } } = await gateway.send('POST', path, { json: { value: 'canary', description: 'd', tags: { team: 'a' }, kmsKeyId: 'alias/k' } })
  const { status, stdout, stderr } = await secretsctl(gateway, args)
  t.same([status, stderr], [0, ''])
  t.match(stdout, new RegExp(`name +a\\nstate +active\\ndescription +d\\ncurrent version +${versionId}\\nchanged +\\S+Z\\ntags +team=a\\nKMS key +\\S*alias/k\\nARN +arn:`))
  t.notMatch(stdout, /canary|rotation|replica/)
  t.match(JSON.parse((await secretsctl(gateway, [...args, '--json'])).stdout), { name: 'a', versions: { [versionId]: ['AWSCURRENT'] } })
  await gateway.send('DELETE', path)
  t.match(await secretsctl(gateway, args), { status: 0, stdout: /state +pending-deletion\n[^]*deleted +\S+Z\n/ })
})

t.test('describe shows the state of a rotation, and the next step', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', path, { json: { value: 'v' } })
  const rotation = async (name: string, schedule: object = { automaticallyAfterDays: 30 }): Promise<unknown> =>
    gateway.send('PUT', `${path}/rotation`, { json: { lambdaArn: lambda(name), ...schedule } })
  await rotation('failing')
  await gateway.rotateDue()
  t.match(await secretsctl(gateway, args), {
    status: 0,
    stdout: /rotation +on, every 30 days, has never succeeded, (?:next by \S+Z, )?version [0-9a-f-]{36} is pending\nrotated by +arn:\S+:failing\n/,
    stderr: /has failed and AWS will attempt it again[^]*end it with: secretsctl rotate a --env dev --stop --discard-pending\n$/
  })
  await gateway.send('DELETE', `${path}/rotation`)
  t.match(await secretsctl(gateway, args), {
    stdout: /rotation +off, has never succeeded, version/, stderr: /was cancelled[^]*secretsctl rotate a --env dev --stop --discard-pending\n$/
  })
  await gateway.send('DELETE', `${path}/rotation?discardPending=true`)
  await rotation('rotator')
  await gateway.rotateDue()
  t.match(await secretsctl(gateway, args), { stdout: /rotation +on, every 30 days, last succeeded \S+Z, next by \S+Z\n/, stderr: '' })
  for (const [schedule, shown] of [[{ automaticallyAfterDays: 1 }, 'every day'], [{ scheduleExpression: 'cron(0 16 1,15 * ? *)' }, 'cron(0 16 1,15 * ? *)']] as const) {
    await rotation('rotator', schedule)
    await gateway.rotateDue()
    t.match((await secretsctl(gateway, args)).stdout, `on, ${shown}, last succeeded`)
  }
})

t.test('describe shows the state of replicas, while AWS replicates and after it has failed', async (t) => {
  const gateway = await buildRealistic(t, 'states')
  await gateway.aws('AKIADEV', 'us-east-1').createSecret({ Name: 'dev/a', SecretString: 'another' })
  await gateway.send('POST', path, { json: { value: 'v' } })
  await gateway.send('PUT', `${path}/replicas`, { json: { replicaRegions: [{ region: 'us-east-1' }] } })
  t.match(await secretsctl(gateway, args), { status: 0, stdout: /replica +us-east-1 InProgress\n/, stderr: /Look again in a moment\n$/ })
  gateway.catchUp()
  t.match(await secretsctl(gateway, args), {
    status: 0, stdout: /replica +us-east-1 Failed: Replication failed: [^\n]*already exists/, stderr: /Remove the cause, and replicate the secret again\n$/
  })
  const standby = { region: 'us-east-1', credential: 'dev-account', namePrefix: 'dev/' }
  const other = await build(t, { environments: { dev: standby }, aws: { endpoint: gateway.fastify.config.current.aws.endpoint ?? '' } })
  t.notMatch((await secretsctl(other, args)).stdout, /replica/, 'the secret in the way is no replica')
  await gateway.send('PUT', `${path}/replicas`, { json: { replicaRegions: [{ region: 'us-east-1' }], forceOverwriteReplicaSecret: true } })
  gateway.catchUp()
  t.match(await secretsctl(gateway, args), { stdout: /replica +us-east-1 InSync/, stderr: '' })
  t.match(await secretsctl(other, args), { stdout: /replica of +eu-west-1\n/ })
})
