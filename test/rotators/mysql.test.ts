import t from 'tap'
import { build } from '#test/helper'
import { accessDenied, grantsOf, noMySql, startMySql } from './mysql-server.ts'

const secret = '/environments/dev/secrets/payments%2Fdb'
const rotation = (name: string): object => ({ lambdaArn: `arn:aws:lambda:eu-west-1:111111111111:function:${name}`, automaticallyAfterDays: 30 })
const oldPassword = 'the-old-password'

/** Logs in, and returns a user's rights without the user's name, or the error's code. */
async function rightsOf (port: number, user: string, password: string): Promise<string | string[]> {
  const found = await grantsOf(port, user, password)
  return Array.isArray(found) ? found.map((right) => right.replace(/`app(?:_clone)?`/, '`user`').replace(/ IDENTIFIED BY PASSWORD '.*?'/, '')) : found
}

t.test('rotates the password of a single user, who changes it', { skip: noMySql }, async (t) => {
  const mysql = await startMySql(t)
  await mysql.query(`CREATE USER 'app''s'@'127.0.0.1' IDENTIFIED BY '${oldPassword}'`)
  const gateway = await build(t)
  const members = { engine: 'mysql', host: '127.0.0.1', port: mysql.port, username: 'app\'s', ssl: false }
  const current = async (): Promise<{ password: string }> => JSON.parse((await gateway.send('GET', secret)).json.value) as { password: string }
  await gateway.send('PUT', secret, { json: { value: { ...members, password: oldPassword } } })
  t.match(await gateway.send('PUT', `${secret}/rotation`, { json: rotation('mysql') }), { status: 200 })
  await gateway.rotateDue()

  const { password, ...rest } = await current()
  t.same(rest, members, 'the other members are unchanged')
  t.match(await rightsOf(mysql.port, members.username, password), [/^GRANT USAGE/], 'the new password works')
  t.equal(await rightsOf(mysql.port, members.username, oldPassword), accessDenied, 'the old one does not')

  gateway.advance(31)
  await gateway.rotateDue()
  const again = (await current()).password
  t.not(again, password, 'after 30 days the password is rotated again')
  t.match(await rightsOf(mysql.port, members.username, again), [/^GRANT USAGE/])

  const log = await mysql.log()
  t.match(log, 'SET PASSWORD = ')
  t.notOk([password, again].some((one) => log.includes(one)), 'the log of statements contains no password')
})

t.test('lets two users with the same rights take turns', { skip: noMySql }, async (t) => {
  const mysql = await startMySql(t)
  for (const statement of [
    'CREATE DATABASE shop', 'CREATE ROLE readers', 'GRANT SELECT ON shop.* TO readers',
    `CREATE USER app@'127.0.0.1' IDENTIFIED BY '${oldPassword}'`, 'GRANT INSERT, UPDATE ON `shop`.* TO app@\'127.0.0.1\' WITH GRANT OPTION',
    'GRANT readers TO app@\'127.0.0.1\'', 'SET DEFAULT ROLE readers FOR app@\'127.0.0.1\'',
    `CREATE USER admin@'127.0.0.1' IDENTIFIED BY '${oldPassword}'`, 'GRANT ALL ON *.* TO admin@\'127.0.0.1\' WITH GRANT OPTION',
    'GRANT readers TO admin@\'127.0.0.1\' WITH ADMIN OPTION'
  ]) await mysql.query(statement)
  const gateway = await build(t)
  const server = { engine: 'mariadb', host: '127.0.0.1', port: mysql.port, ssl: false }
  await gateway.send('PUT', '/environments/dev/secrets/admin', { json: { value: { ...server, username: 'admin', password: oldPassword } } })
  const masterarn = (await gateway.send('GET', '/environments/dev/secrets/admin/metadata')).json.arn as string
  const current = async (): Promise<{ username: string, password: string }> =>
    JSON.parse((await gateway.send('GET', secret)).json.value) as { username: string, password: string }
  const rotate = async (): Promise<{ username: string, password: string }> => {
    await gateway.send('POST', `${secret}/rotation`)
    await gateway.rotateDue()
    return current()
  }
  await gateway.send('PUT', secret, { json: { value: { ...server, username: 'app', password: oldPassword, masterarn } } })
  await gateway.send('PUT', `${secret}/rotation`, { json: rotation('mysql-alternating-users') })
  await gateway.rotateDue()

  const second = await current()
  t.equal(second.username, 'app_clone')
  const rights = await rightsOf(mysql.port, 'app', oldPassword)
  t.match(rights, [
    'GRANT `readers` TO `user`', /^GRANT USAGE ON/, 'GRANT INSERT, UPDATE ON `shop`.* TO `user`@`127.0.0.1` WITH GRANT OPTION', /USAGE ON .* TO `readers`/,
    /SELECT ON `shop`.* TO `readers`/, 'SET DEFAULT ROLE'
  ])
  t.same(await rightsOf(mysql.port, second.username, second.password), rights, 'the second user has the rights of the first, which is still valid')

  await mysql.query('GRANT DELETE ON shop.* TO app_clone@\'127.0.0.1\'')
  const third = await rotate()
  t.equal(third.username, 'app')
  t.match((await rightsOf(mysql.port, 'app', third.password))[2], 'INSERT, UPDATE, DELETE', 'a right that the current user was given is there after the turn')
  t.equal(await rightsOf(mysql.port, 'app', oldPassword), accessDenied)
  t.not(await rightsOf(mysql.port, second.username, second.password), accessDenied, 'the credentials before are valid until the next turn')

  const fourth = await rotate()
  t.equal(fourth.username, 'app_clone')
  t.equal(await rightsOf(mysql.port, 'app_clone', second.password), accessDenied)
  const log = await mysql.log()
  t.notOk([second, third, fourth].some(({ password }) => log.includes(password)), 'the log of statements contains no password')
})

t.test('never sends a password without TLS, unless the secret says so', { skip: noMySql }, async (t) => {
  const mysql = await startMySql(t)
  await mysql.query(`CREATE USER app@'127.0.0.1' IDENTIFIED BY '${oldPassword}'`)
  const gateway = await build(t)
  const value = { engine: 'mysql', host: '127.0.0.1', port: mysql.port, username: 'app', password: oldPassword }
  await gateway.send('PUT', secret, { json: { value } })
  await gateway.send('PUT', `${secret}/rotation`, { json: rotation('mysql') })
  await gateway.rotateDue()
  t.same(JSON.parse((await gateway.send('GET', secret)).json.value), value)
  t.notMatch(await mysql.log(), 'app@127.0.0.1')
})
