import {
  CancelRotateSecretCommand, CreateSecretCommand, PutSecretValueCommand, RotateSecretCommand, UpdateSecretCommand,
  UpdateSecretVersionStageCommand, type RotationRulesType, type SecretsManagerClient
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { until } from '#test/until'
import { day } from './backend.ts'
import { describe, functionArn, startWithRotator, steps } from './rotator.ts'

const hour = day / 24

/**
 * Starts a backend with a secret whose rotation is configured but has not run yet. The time is 2026-03-04T10:20:30.456Z, a
 * Wednesday.
 */
async function startWithRules (t: Test, RotationRules: RotationRulesType) {
  const started = await startWithRotator(t)
  const { client, backend, clock, rotator } = started
  await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  await client.send(new RotateSecretCommand({ SecretId: 'a', RotationLambdaARN: functionArn, RotationRules, RotateImmediately: false }))
  await backend.runDueRotations()
  /** Moves the clock to a time, and returns the number of rotations that this starts. */
  const moveTo = async (time: string) => {
    rotator.events = []
    clock.move(Date.parse(time) - clock.now)
    await backend.runDueRotations()
    return rotator.events.length / steps.length
  }
  return { ...started, moveTo }
}

/** Returns the times of the last and the next rotation of the secret. */
async function dates (client: SecretsManagerClient): Promise<(string | undefined)[]> {
  const { LastRotatedDate, NextRotationDate } = await describe(client)
  return [LastRotatedDate, NextRotationDate]
}

t.test('a secret is rotated as soon as a window opens, and the next window is shown by its last second', async (t) => {
  const schedules: [RotationRulesType, RotationRulesType, [opensAt: string, next: string][]][] = [
    [{ AutomaticallyAfterDays: 7 }, {}, [
      ['2026-03-11T00:00:00.000Z', '2026-03-18T23:59:59.000Z'], ['2026-03-18T00:00:00.000Z', '2026-03-25T23:59:59.000Z']
    ]],
    [{ AutomaticallyAfterDays: 7, Duration: '3h' }, {}, [['2026-03-11T00:00:00.000Z', '2026-03-18T02:59:59.000Z']]],
    [{ ScheduleExpression: 'rate(10 days)' }, { AutomaticallyAfterDays: 10 }, [
      ['2026-03-14T00:00:00.000Z', '2026-03-24T23:59:59.000Z'], ['2026-03-24T00:00:00.000Z', '2026-04-03T23:59:59.000Z']
    ]],
    [{ ScheduleExpression: 'rate(10 hours)' }, { AutomaticallyAfterDays: 1 }, [
      ['2026-03-04T20:00:00.000Z', '2026-03-05T06:59:59.000Z'], ['2026-03-05T06:00:00.000Z', '2026-03-05T16:59:59.000Z']
    ]],
    [{ ScheduleExpression: 'cron(0 16 1,15 * ? *)', Duration: '2h' }, { AutomaticallyAfterDays: 17 }, [
      ['2026-03-15T16:00:00.000Z', '2026-04-01T17:59:59.000Z'], ['2026-04-01T16:00:00.000Z', '2026-04-15T17:59:59.000Z']
    ]],
    [{ ScheduleExpression: 'cron(0 2/10 * * ? *)' }, { AutomaticallyAfterDays: 1 }, [
      ['2026-03-04T12:00:00.000Z', '2026-03-04T22:59:59.000Z'], ['2026-03-04T22:00:00.000Z', '2026-03-05T02:59:59.000Z']
    ]],
    [{ ScheduleExpression: 'cron(0 18 ? * SAT *)' }, { AutomaticallyAfterDays: 7 }, [['2026-03-07T18:00:00.000Z', '2026-03-14T23:59:59.000Z']]]
  ]
  for (const [rules, computed, openings] of schedules) {
    const { client, moveTo } = await startWithRules(t, rules)
    t.strictSame((await describe(client)).RotationRules, { ...rules, ...computed }, JSON.stringify(rules))
    for (const [opensAt, next] of openings) {
      t.equal(await moveTo(new Date(Date.parse(opensAt) - 1).toISOString()), 0, `not before ${opensAt}`)
      t.equal(await moveTo(opensAt), 1, `at ${opensAt}`)
      t.strictSame(await dates(client), [opensAt, next])
    }
  }
})

t.test('the days between two rotations count from the last rotation', async (t) => {
  const { client, moveTo } = await startWithRules(t, { ScheduleExpression: 'cron(0 16 1,15 * ? *)' })
  t.match(await describe(client), { RotationRules: { AutomaticallyAfterDays: 17 } })
  await moveTo('2026-03-15T16:00:00Z')
  t.match(await describe(client), { RotationRules: { AutomaticallyAfterDays: 14 } })
  await client.send(new CancelRotateSecretCommand({ SecretId: 'a' }))
  t.match(await describe(client), { RotationRules: { AutomaticallyAfterDays: 17, ScheduleExpression: 'cron(0 16 1,15 * ? *)' } }, 'disabling rotation keeps the rules')
})

t.test('missed windows are made up for by a single rotation', async (t) => {
  const { client, moveTo } = await startWithRules(t, { ScheduleExpression: 'rate(1 day)' })
  t.equal(await moveTo('2026-03-08T13:00:00Z'), 1)
  t.strictSame(await dates(client), ['2026-03-08T13:00:00.000Z', '2026-03-09T23:59:59.000Z'])
})

t.test('a rotation in between restarts the period of AutomaticallyAfterDays, but not a schedule', async (t) => {
  for (const [rules, next] of [
    [{ AutomaticallyAfterDays: 7 }, '2026-03-13T23:59:59.000Z'],
    [{ ScheduleExpression: 'rate(7 days)' }, '2026-03-11T23:59:59.000Z']
  ] as const) {
    const { client, backend, moveTo } = await startWithRules(t, rules)
    await moveTo('2026-03-06T13:00:00Z')
    await client.send(new RotateSecretCommand({ SecretId: 'a' }))
    await backend.runDueRotations()
    t.strictSame(await dates(client), ['2026-03-06T13:00:00.000Z', next], JSON.stringify(rules))
  }
})

t.test('a new value counts as a rotation for the next date, but not for the last one', async (t) => {
  const { client, moveTo } = await startWithRules(t, { AutomaticallyAfterDays: 7 })
  await moveTo('2026-03-06T13:00:00Z')
  await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'by hand' }))
  t.strictSame(await dates(client), [undefined, '2026-03-13T23:59:59.000Z'])
  await moveTo('2026-03-07T13:00:00Z')
  await client.send(new UpdateSecretCommand({ SecretId: 'a', SecretString: 'by hand again' }))
  t.strictSame(await dates(client), [undefined, '2026-03-14T23:59:59.000Z'])
  await moveTo('2026-03-08T13:00:00Z')
  await client.send(new UpdateSecretCommand({ SecretId: 'a', Description: 'no new value' }))
  const { VersionId = '' } = await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'not current', VersionStages: ['MINE'] }))
  await client.send(new UpdateSecretVersionStageCommand({ SecretId: 'a', VersionStage: 'MINE', RemoveFromVersionId: VersionId }))
  t.strictSame(await dates(client), [undefined, '2026-03-14T23:59:59.000Z'])
  t.equal(await moveTo('2026-03-13T23:59:59Z'), 0)
  t.equal(await moveTo('2026-03-14T00:00:00Z'), 1)

  await client.send(new CancelRotateSecretCommand({ SecretId: 'a' }))
  await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'by hand' }))
  t.strictSame(await dates(client), [undefined, undefined])
})

t.test('a failed scheduled rotation is retried until it succeeds, and only then is there a next date', async (t) => {
  const { client, clock, moveTo, rotator, told } = await startWithRules(t, { ScheduleExpression: 'rate(4 hours)' })
  rotator.instead.setSecret = () => { throw new Error() }
  await moveTo('2026-03-04T12:00:00Z')
  t.strictSame(await dates(client), [undefined, '2026-03-04T12:59:59.000Z'])
  t.match(told.at(-1), { step: 'setSecret', error: 'Error' })
  const [token] = new Set(rotator.events.map(({ ClientRequestToken }) => ClientRequestToken))
  rotator.instead = {}
  t.equal(await moveTo('2026-03-04T16:00:00Z'), 1, 'only once, although the next window has opened, too')
  t.strictSame(new Set(rotator.events.map(({ ClientRequestToken }) => ClientRequestToken)), new Set([token]))
  t.strictSame(await dates(client), [new Date(clock.now).toISOString(), '2026-03-04T20:59:59.000Z'])
})

t.test('changed rules take effect immediately', async (t) => {
  const { client, backend, moveTo } = await startWithRules(t, { AutomaticallyAfterDays: 7 })
  await moveTo('2026-03-06T13:00:00Z')
  await client.send(new RotateSecretCommand({ SecretId: 'a', RotationRules: { ScheduleExpression: 'cron(0 8 1 * ? *)' }, RotateImmediately: false }))
  await backend.runDueRotations()
  t.strictSame(await dates(client), [undefined, '2026-04-01T23:59:59.000Z'])
  t.equal(await moveTo('2026-03-31T13:00:00Z'), 0)
  t.equal(await moveTo('2026-04-01T08:00:00Z'), 1)
})

t.test('many secrets that are due at the same time are all rotated', async (t) => {
  const { client, backend, clock, rotator } = await startWithRotator(t)
  const names = Array.from({ length: 20 }, (_, index) => `s${index}`)
  const full = Promise.withResolvers<undefined>()
  let atOnce = 0
  let most = 0
  rotator.instead.setSecret = async () => {
    most = Math.max(most, ++atOnce)
    // When eight rotations are in progress, waits a little. If a ninth rotation wrongly starts, the test notices it.
    if (most === 8) setTimeout(() => { full.resolve(undefined) }, 200)
    await full.promise
    atOnce--
  }
  for (const Name of names) {
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name, SecretString: 'old' }))
    await client.send(new RotateSecretCommand({ SecretId: ARN, RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 }, RotateImmediately: false }))
  }
  await backend.runDueRotations()
  rotator.events = []
  clock.move(day)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 20 * steps.length)
  for (const SecretId of names) {
    t.equal((await describe(client, SecretId)).LastRotatedDate, new Date(clock.now).toISOString())
  }
  t.equal(most, 8, 'but at most eight at the same time')
})

t.test('due rotations are found without a request', async (t) => {
  const { client, clock } = await startWithRotator(t)
  await client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  await client.send(new RotateSecretCommand({ SecretId: 'a', RotationLambdaARN: functionArn, RotationRules: { ScheduleExpression: 'rate(4 hours)' } }))
  const rotatedAt = async (time: number) => {
    await until(async () => (await describe(client)).LastRotatedDate === new Date(time).toISOString())
  }
  await rotatedAt(clock.now)
  clock.move(4 * hour)
  await rotatedAt(clock.now)
  t.strictSame(await dates(client), [new Date(clock.now).toISOString(), '2026-03-04T16:59:59.000Z'])
})
