import t from 'tap'
import { build } from '#test/helper'
import { secretsctl } from '#test/secretsctl'

t.test('posture exits with 3 if a rule fails, with 4 if none fails but one is unknown, and otherwise with 0', async (t) => {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'v', KmsKeyId: 'alias/k', Tags: [{ Key: 'team', Value: 'a' }] })
  await aws.createSecret({ Name: 'dev/a//b', SecretString: 'v' })

  const failed = await secretsctl(gateway, ['posture', '--env', 'dev'])
  t.equal(failed.status, 3)
  t.match(failed.stdout, /^STATUS +RULE +NAME\nfailed +SecretsManager\.1 +a +Rotation is not enabled\n$/)
  t.match(failed.stderr, /^1 more, with names that the gateway can't address[^\n]*\n1 secret in dev: 1 failed, 0 unknown, \d passed\n$/)

  const passed = await secretsctl(gateway, ['posture', '--env', 'dev', '--rule', 'kms-key,value'])
  t.match(passed, { status: 0, stdout: '' })
  t.match((await secretsctl(gateway, ['posture', '--env', 'dev', '--rule', 'kms-key,value', '--all'])).stdout, /passed +value +a\npassed +kms-key +a\n/)

  await aws.rotateSecret({ SecretId: 'dev/a', RotationLambdaARN: 'arn:aws:lambda:eu-west-1:111111111111:function:failing', RotationRules: { AutomaticallyAfterDays: 30 } })
  const unknown = await secretsctl(gateway, ['posture', '--env', 'dev', '--prefix', 'a', '--json'])
  t.equal(unknown.status, 4)
  t.match(JSON.parse(unknown.stdout), { secrets: 1, counts: { failed: 0, unknown: 1 }, items: [{ name: 'a', rule: 'SecretsManager.2', status: 'unknown' }] })
})

t.test('posture fails if it has judged nothing', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctl(gateway, ['posture', '--env', 'dev', '--prefix', 'typo/']), {
    status: 1, stdout: '', stderr: 'No secret in dev has a name that begins with typo/\n'
  })
  t.match(await secretsctl(gateway, ['posture', '--env', 'dev']), { status: 0 }, 'an environment may be empty')
})

t.test('posture reads all pages', async (t) => {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  for (let index = 0; index < 101; index++) await aws.createSecret({ Name: `dev/s${index}` })
  const { status, stdout } = await secretsctl(gateway, ['posture', '--env', 'dev', '--rule', 'value', '--json'])
  t.equal(status, 3)
  t.match(JSON.parse(stdout), { secrets: 101, counts: { failed: 101 } })
  t.match(await secretsctl(gateway, ['posture', '--env', 'dev', '--rule', 'none']), { status: 1, stderr: /rule/ })
})
