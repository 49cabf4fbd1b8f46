import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { build } from '#test/helper'
import { startPostgres } from './postgres-server.ts'

/**
 * The folder of PostgreSQL's programs, which the environment variable `POSTGRESQL` can name. If the programs are missing, the
 * tests fail if the variable is set, and are skipped otherwise.
 */
const [installed = ''] = globSync('/usr/lib/postgresql/*/bin')
const binaries = process.env.POSTGRESQL ?? installed
const isMissing = process.env.POSTGRESQL === undefined && !existsSync(join(binaries, 'initdb'))
const skip = isMissing ? 'PostgreSQL is not installed' : false

const secret = '/environments/dev/secrets/payments%2Fdb'
const rotation = { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:postgresql', automaticallyAfterDays: 30 }
const oldPassword = 'the-old-password'

t.test('rotates the password of a real user, through the gateway', { skip }, async (t) => {
  const postgres = await startPostgres(t, binaries)
  await postgres.query(`CREATE ROLE "app ""of"" payments" LOGIN PASSWORD '${oldPassword}'`)
  const credentials = { engine: 'postgres', host: '127.0.0.1', port: postgres.port, username: 'app "of" payments', dbname: 'postgres', ssl: false }
  const logIn = async (password: string): Promise<string> => {
    const client = new Client({ ...credentials, user: credentials.username, password, database: 'postgres' })
    try {
      await client.connect()
      return 'in'
    } catch (error) {
      return (error as { code: string }).code
    } finally {
      await client.end()
    }
  }
  const gateway = await build(t)
  const value = async (stage: string): Promise<{ password: string }> =>
    JSON.parse((await gateway.send('GET', `${secret}?versionStage=${stage}`)).json.value) as { password: string }

  const members = JSON.stringify({ ...credentials, password: oldPassword })
  await gateway.send('PUT', secret, { json: { value: `${members.slice(0, -1)},"weight":1.10}` } })
  t.equal(await logIn(oldPassword), 'in')
  t.match(await gateway.send('PUT', `${secret}/rotation`, { json: rotation }), { status: 200 })
  await gateway.rotateDue()

  const { password, ...rest } = await value('AWSCURRENT')
  t.same(rest, { ...credentials, weight: 1.1 }, 'the other members are unchanged')
  t.match((await gateway.send('GET', secret)).json.value, '"weight":1.10', 'to the letter')
  t.equal(await logIn(password), 'in', 'the new password works')
  t.equal(await logIn(oldPassword), '28P01', 'the old password has stopped working')
  t.same(await value('AWSPREVIOUS'), { ...credentials, password: oldPassword, weight: 1.1 }, 'AWSPREVIOUS still has the old value')

  await gateway.send('POST', `${secret}/rotation`)
  await gateway.rotateDue()
  const again = (await value('AWSCURRENT')).password
  t.same([await logIn(again), await logIn(password)], ['in', '28P01'], 'a second rotation works too')

  const log = await postgres.log()
  t.match(log, 'ALTER ROLE "app ""of"" payments" PASSWORD')
  t.notOk([password, again].some((one) => log.includes(one)), 'PostgreSQL\'s log contains no password')
})

t.test('lets two users with the same rights take turns', { skip }, async (t) => {
  const postgres = await startPostgres(t, binaries)
  for (const statement of [
    'CREATE TABLE orders (id int)', `CREATE ROLE app LOGIN PASSWORD '${oldPassword}'`, 'GRANT SELECT ON orders TO app',
    `CREATE ROLE admin LOGIN CREATEROLE SUPERUSER PASSWORD '${oldPassword}'`
  ]) await postgres.query(statement)
  const gateway = await build(t)
  const server = { engine: 'postgres', host: '127.0.0.1', port: postgres.port, ssl: false }
  await gateway.send('PUT', '/environments/dev/secrets/admin', { json: { value: { ...server, username: 'admin', password: oldPassword } } })
  const masterarn = (await gateway.send('GET', '/environments/dev/secrets/admin/metadata')).json.arn as string
  const orders = async (user: string, password: string): Promise<string | number | null> => {
    const client = new Client({ ...server, user, password, database: 'postgres' })
    try {
      await client.connect()
      return (await client.query('SELECT FROM orders')).rowCount
    } catch (error) {
      return (error as { code: string }).code
    } finally {
      await client.end()
    }
  }
  const rotate = async (): Promise<{ username: string, password: string }> => {
    await gateway.rotateDue()
    await gateway.send('POST', `${secret}/rotation`)
    return JSON.parse((await gateway.send('GET', secret)).json.value) as { username: string, password: string }
  }
  await gateway.send('PUT', secret, { json: { value: { ...server, username: 'app', password: oldPassword, masterarn } } })
  await gateway.send('PUT', `${secret}/rotation`, { json: { ...rotation, lambdaArn: `${rotation.lambdaArn}-alternating-users` } })
  const second = await rotate()
  t.equal(second.username, 'app_clone')
  t.same([await orders('app', oldPassword), await orders('app_clone', second.password)], [0, 0], 'both can read')
  const third = await rotate()
  t.equal(third.username, 'app')
  t.same([await orders('app', oldPassword), await orders('app', third.password), await orders('app_clone', second.password)], ['28P01', 0, 0])
  t.equal((await rotate()).username, 'app_clone')
  t.equal(await orders('app_clone', second.password), '28P01')
})

t.test('resumes a rotation after a failed step', { skip }, async (t) => {
  const postgres = await startPostgres(t, binaries)
  await postgres.query(`CREATE ROLE app LOGIN PASSWORD '${oldPassword}'`)
  const gateway = await build(t)
  const put = async (password: string): Promise<unknown> => gateway.send('PUT', secret, {
    json: { value: { engine: 'postgres', host: '127.0.0.1', port: postgres.port, username: 'app', password, ssl: false } }
  })
  await put(oldPassword)
  await postgres.query('ALTER ROLE app NOLOGIN')
  await gateway.send('PUT', `${secret}/rotation`, { json: rotation })
  await gateway.rotateDue()
  t.match(JSON.parse((await gateway.send('GET', secret)).json.value), { password: oldPassword }, 'setSecret could not log in')
  t.match((await gateway.send('POST', `${secret}/rotation`)).json, { code: 'rotation-in-progress' })

  await postgres.query('ALTER ROLE app LOGIN')
  gateway.advance(1)
  await gateway.rotateDue()
  t.not(JSON.parse((await gateway.send('GET', secret)).json.value).password, oldPassword, 'the rotation completes once the user can log in')
})

t.test('refuses a value other than PostgreSQL credentials, and does not reveal it', async (t) => {
  const gateway = await build(t)
  for (const value of ['a text', '{}', 'null', '{"engine":"mysql","host":"h","username":"u","password":"p"}']) {
    const path = `/environments/dev/secrets/${Buffer.from(value).toString('hex')}`
    await gateway.send('PUT', path, { json: { value } })
    await gateway.send('PUT', `${path}/rotation`, { json: rotation })
    await gateway.rotateDue()
    t.equal((await gateway.send('GET', path)).json.value, value)
    t.match(Object.values((await gateway.send('GET', `${path}/metadata`)).json.versions).flat().sort(), ['AWSCURRENT', 'AWSPENDING'])
  }
})
