import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateSecretCommand, ListSecretVersionIdsCommand, RotateSecretCommand, SecretsManagerClient, UpdateSecretVersionStageCommand
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { until } from '#test/until'
import { account, clientOf, day, region, spawnProgram, urlOf } from './backend.ts'
import { describe, fixture, functionArn, hang, serveRotator, startWithRotator, steps } from './rotator.ts'

const setUp = { SecretId: 'a', RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 } }
const newFolder = (t: Test) => join(t.testdir({}), 'data')

t.test('rotations that became due while the backend was stopped start at the next start', async (t) => {
  const dataDir = newFolder(t)
  const first = await startWithRotator(t, { dataDir })
  await first.client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  await first.client.send(new RotateSecretCommand(setUp))
  await first.backend.runDueRotations()
  await first.backend.close()

  const { backend, client, clock, rotator } = await startWithRotator(t, { dataDir })
  clock.move(30 * day)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 4)
  t.match(await describe(client), { RotationEnabled: true, LastRotatedDate: new Date(clock.now).toISOString(), NextRotationDate: '2026-04-04T23:59:59.000Z' })
})

t.test('a rotation in progress when the backend is closed continues after the next start', async (t) => {
  for (const RotateImmediately of [true, false]) {
    const dataDir = newFolder(t)
    const first = await startWithRotator(t, { dataDir })
    await first.client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
    const { begun } = hang(first.rotator, RotateImmediately ? 'setSecret' : 'testSecret')
    const { VersionId } = await first.client.send(new RotateSecretCommand({ ...setUp, RotateImmediately }))
    await begun
    await first.backend.close()
    t.strictSame(first.told, RotateImmediately ? [{ step: 'createSecret' }] : [], 'an interrupted step does not count as a failure')
    await first.backend.runDueRotations()
    t.equal(first.rotator.events.length, RotateImmediately ? 2 : 1, 'no new step starts')

    const { backend, client, rotator } = await startWithRotator(t, { dataDir })
    await backend.runDueRotations()
    t.strictSame(rotator.events.map(({ Step, ClientRequestToken }) => [Step, ClientRequestToken]), (RotateImmediately ? steps : ['testSecret']).map((step) => [step, VersionId]))
    const { VersionIdsToStages = {} } = await describe(client)
    t.strictSame(VersionIdsToStages[VersionId ?? ''], RotateImmediately ? ['AWSCURRENT'] : undefined)
  }
})

t.test('an interrupted test whose label was removed before the next start ends, and its version is deleted', async (t) => {
  const dataDir = newFolder(t)
  const first = await startWithRotator(t, { dataDir })
  const { VersionId: old = '' } = await first.client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  const { begun } = hang(first.rotator, 'testSecret')
  const { VersionId } = await first.client.send(new RotateSecretCommand({ ...setUp, RotateImmediately: false }))
  await begun
  await first.client.send(new UpdateSecretVersionStageCommand({ SecretId: 'a', VersionStage: 'AWSPENDING', RemoveFromVersionId: VersionId }))
  await first.backend.close()

  const { backend, client, rotator } = await startWithRotator(t, { dataDir })
  await backend.runDueRotations()
  t.strictSame(rotator.events, [])
  const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: 'a', IncludeDeprecated: true }))
  t.strictSame(Versions?.map(({ VersionId }) => VersionId), [old])
})

t.test('a rotation whose process was killed is retried by another process', async (t) => {
  const dataDir = newFolder(t)
  const rotator = await serveRotator(t)
  const options = ['--rotation-function', `rotator=${rotator.url}`]
  const { begun, letGo } = hang(rotator, 'setSecret')
  const first = spawnProgram(dataDir, options)
  rotator.client = new SecretsManagerClient({ endpoint: await urlOf(first) ?? '', region, credentials: account })
  await rotator.client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  const { VersionId = '' } = await rotator.client.send(new RotateSecretCommand(setUp))
  await begun
  first.kill('SIGKILL')
  await once(first, 'exit')
  rotator.client.destroy()

  rotator.events = []
  letGo()
  const second = spawnProgram(dataDir, options)
  t.teardown(() => second.kill())
  const client = clientOf(t, { url: await urlOf(second) ?? '' })
  rotator.client = client
  await until(async () => (await describe(client)).LastRotatedDate !== undefined)
  t.strictSame(rotator.events.map(({ Step, ClientRequestToken }) => [Step, ClientRequestToken]), steps.map((step) => [step, VersionId]))
  t.strictSame((await describe(client)).VersionIdsToStages?.[VersionId], ['AWSCURRENT'])
})

t.test('a module\'s process ends with the backend, even if the backend is killed', async (t) => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const pidFile = join(t.testdir({}), 'pid')
    process.env.PID_FILE = pidFile
    const program = spawnProgram(newFolder(t), ['--rotation-function', `rotator=${fixture('misbehaving.ts')}`], [process.execPath])
    delete process.env.PID_FILE
    const client = clientOf(t, { url: await urlOf(program) ?? '' })
    await client.send(new CreateSecretCommand({ Name: 'hangs', SecretString: 'old' }))
    await client.send(new RotateSecretCommand({ ...setUp, SecretId: 'hangs' }))
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    t.ok(process.kill(pid, 0))
    program.kill(signal)
    await once(program, 'exit')
    await until(() => {
      try {
        return !process.kill(pid, 0)
      } catch {
        return true
      }
    })
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, signal)
  }
})
