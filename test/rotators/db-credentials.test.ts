import t from 'tap'
import { clientOf, keysFor } from '#test/aws-endpoint'
import { build, declared } from '#test/helper'
import { secretsctl, type Outcome } from '#test/secretsctl'
import { accessDenied, grantsOf, noMySql, startMySql } from './mysql-server.ts'

// The example of docs/rotation.md from the beginning to the end: an RDS secret that a program reads with AWS's SDK, and that is
// rotated every 30 days.

const oldPassword = 'the-old-password'
const rotator = 'arn:aws:lambda:eu-west-1:111122223333:function:mysql'

t.test('prod/dbCredentials is created with its type, read with AWS\'s SDK, and rotated every 30 days', { skip: noMySql }, async (t) => {
  const mysql = await startMySql(t)
  for (const statement of ['CREATE DATABASE shop', `CREATE USER app@'127.0.0.1' IDENTIFIED BY '${oldPassword}'`, 'GRANT SELECT ON shop.* TO app@\'127.0.0.1\'']) {
    await mysql.query(statement)
  }
  const gateway = await build(t, { environments: { ...declared.environments, prod: { ...declared.environments.prod, namePrefix: 'prod/' } } })
  const ctl = async (args: string, value?: object): Promise<Outcome> =>
    secretsctl(gateway, [...args.split(' '), '--env', 'prod'], value === undefined ? {} : { stdin: JSON.stringify(value) })

  const { host, ...members } = { engine: 'mysql', host: '127.0.0.1', port: mysql.port, username: 'app', password: oldPassword, dbname: 'shop', ssl: false }
  t.match(await ctl('create dbCredentials - --type rds', members), { status: 1, stderr: '/value/host: must be there, as the type rds asks for' })
  t.match(await ctl('create dbCredentials - --type rds', { host, ...members }), { status: 0, stdout: 'Created dbCredentials in prod' })

  // As boto3 does: json.loads(client.get_secret_value(SecretId='prod/dbCredentials')['SecretString'])['username']
  const client = clientOf(gateway, await keysFor(gateway), 'prod')
  const read = async (): Promise<{ username: string, password: string }> =>
    JSON.parse((await client.getSecretValue({ SecretId: 'prod/dbCredentials' })).SecretString ?? '') as { username: string, password: string }
  t.match(await read(), { username: 'app', password: oldPassword })

  t.match(await ctl(`rotate dbCredentials --function ${rotator} --days 30`), { status: 0, stdout: 'Started the rotation of dbCredentials in prod' })
  await gateway.rotateDue()
  const first = await read()
  t.equal(first.username, 'app')
  t.equal(await grantsOf(mysql.port, 'app', oldPassword), accessDenied, 'the old password is refused')
  t.match(await grantsOf(mysql.port, 'app', first.password), [/^GRANT/], 'the new one works')
  t.match(await ctl('describe dbCredentials'), { status: 0, stdout: /rotation +on, every 30 days, last succeeded \S+Z, next by \S+Z\nrotated by +\S+:mysql\n/, stderr: '' })

  // AWS's SDK signs with the real date, which the gateway refuses from here on.
  const passwordAfter = async (days: number): Promise<string> => {
    gateway.advance(days)
    await gateway.rotateDue()
    return (await ctl('read dbCredentials --field password --value')).stdout
  }
  t.equal(await passwordAfter(29), first.password, 'nothing is rotated before its time')
  const second = await passwordAfter(2)
  t.equal(await grantsOf(mysql.port, 'app', first.password), accessDenied)
  t.match(await grantsOf(mysql.port, 'app', second), [/^GRANT/], 'the next password works')
})
