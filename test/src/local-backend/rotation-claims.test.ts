import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { until } from '#test/until'
import { clientOf, day, start } from './backend.ts'
import { describe, functionArn, hang, startWithRotator, steps, type Rotator } from './rotator.ts'

const setUp = { SecretId: 'a', RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 } }
const tokens = ({ events }: Rotator) => new Set(events.map(({ ClientRequestToken }) => ClientRequestToken))
const newFolder = (t: Test) => join(t.testdir({}), 'data')

t.test('only one of two processes on the same folder rotates a secret', async (t) => {
  const dataDir = newFolder(t)
  const { backend, client, clock, rotator } = await startWithRotator(t, { dataDir })
  const other = await start(t, { dataDir, now: () => clock.now, rotationFunctions: { rotator: rotator.url } })
  const names = Array.from({ length: 12 }, (_, index) => `s${index}`)
  for (const Name of names) {
    await client.send(new CreateSecretCommand({ Name, SecretString: 'old' }))
    await client.send(new RotateSecretCommand({ ...setUp, SecretId: Name }))
  }
  await Promise.all([backend.runDueRotations(), other.runDueRotations()])
  for (const moved of [0, day, day]) {
    clock.move(moved)
    await Promise.all([backend.runDueRotations(), other.runDueRotations()])
    const all = rotator.events.map(({ SecretId, ClientRequestToken, Step }) => `${SecretId} ${ClientRequestToken} ${Step}`)
    t.equal(new Set(all).size, all.length, 'no step is carried out twice')
    t.equal(tokens(rotator).size * steps.length, all.length)
  }
  t.equal(tokens(rotator).size, 3 * names.length)

  const { begun, letGo } = hang(rotator, 'setSecret')
  rotator.events = []
  await client.send(new RotateSecretCommand({ SecretId: 's0' }))
  await begun
  const otherClient = clientOf(t, other)
  await t.rejects(otherClient.send(new RotateSecretCommand({ SecretId: 's0' })), { name: 'InvalidRequestException', message: /^A previous rotation isn't complete/ })
  await other.runDueRotations()
  t.equal(rotator.events.length, 2, 'a rotation in progress is not started again')
  letGo()
  await backend.runDueRotations()
  t.equal(rotator.events.length, 4)
})

t.test('a process stops when another process takes over its claim', async (t) => {
  const dataDir = newFolder(t)
  const { backend, client, rotator, told } = await startWithRotator(t, { dataDir })
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  t.teardown(() => { database.close() })
  await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  const { begun, letGo } = hang(rotator, 'setSecret')
  await client.send(new RotateSecretCommand(setUp))
  await begun
  database.prepare('UPDATE rotation_attempts SET claimed_by = \'another\', claimed_until = ?').run(Date.now() + 3_600_000)
  await backend.runDueRotations()
  letGo()
  t.strictSame(told, [{ step: 'createSecret' }], 'even in the middle of a step')
  await t.rejects(client.send(new RotateSecretCommand(setUp)), { name: 'InvalidRequestException' })
  await backend.runDueRotations()
  t.equal(rotator.events.length, 2)
  database.exec('UPDATE rotation_attempts SET claimed_until = 0')
  await backend.runDueRotations()
  t.equal(rotator.events.length, 6, 'and takes it back when the other\'s claim has run out')
  t.equal(tokens(rotator).size, 1)
})

t.test('a rotation continues after another process has been writing for a while', async (t) => {
  const dataDir = newFolder(t)
  const { backend, client, clock, rotator } = await startWithRotator(t, { dataDir })
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  t.teardown(() => { database.close() })
  await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  const { begun, letGo } = hang(rotator, 'setSecret')
  await client.send(new RotateSecretCommand(setUp))
  await begun
  database.exec('BEGIN IMMEDIATE')
  await wait(2600)
  database.exec('ROLLBACK')
  letGo()
  await backend.runDueRotations()
  t.match(await describe(client), { LastRotatedDate: new Date(clock.now).toISOString() }, 'during a step')

  clock.move(day)
  database.exec('BEGIN IMMEDIATE')
  await t.rejects(backend.runDueRotations(), { code: 'ERR_SQLITE_ERROR' })
  await wait(1500)
  database.exec('ROLLBACK')
  await until(async () => (await describe(client)).LastRotatedDate === new Date(clock.now).toISOString())
  t.equal(rotator.events.length, 8, 'before the first step')

  clock.move(day)
  rotator.instead.finishSecret = () => { database.exec('BEGIN IMMEDIATE') }
  await backend.runDueRotations()
  rotator.instead = {}
  database.exec('ROLLBACK')
  await until(async () => (await describe(client)).LastRotatedDate === new Date(clock.now).toISOString())
  t.equal(tokens(rotator).size, 3, 'after the last step, so that all steps are repeated')
})
