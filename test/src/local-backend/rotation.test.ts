import { randomUUID } from 'node:crypto'
import {
  CancelRotateSecretCommand, CreateSecretCommand, DeleteSecretCommand, GetSecretValueCommand, ListSecretVersionIdsCommand,
  ListSecretsCommand, PutSecretValueCommand, ReplicateSecretToRegionsCommand, RestoreSecretCommand, RotateSecretCommand, UpdateSecretCommand, UpdateSecretVersionStageCommand, type SecretsManagerClient
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { rotate } from '#test/fixtures/rotation/rotator'
import { account, clientOf, day, errorIn, rawRequest } from './backend.ts'
import { describe, functionArn, startWithRotator, steps, type Rotator } from './rotator.ts'

/** AWS's error for an incomplete rotation. */
const incomplete = { name: 'InvalidRequestException', message: 'A previous rotation isn\'t complete. That rotation will be reattempted.' }
const minute = 60_000

const setUp = { SecretId: 'a', RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 } }

/** Starts a backend with a secret. Also returns the ID of the secret's first version. */
async function startWithSecret (t: Test) {
  const started = await startWithRotator(t)
  const { ARN: arn = '', VersionId: first = '' } = await started.client.send(new CreateSecretCommand({ Name: 'a', SecretString: 'old' }))
  return { ...started, arn, first }
}

const iso = (time: number) => new Date(time).toISOString()
const labels = async (client: SecretsManagerClient) => (await describe(client)).VersionIdsToStages
const valueOf = async (client: SecretsManagerClient, VersionStage = 'AWSCURRENT') =>
  (await client.send(new GetSecretValueCommand({ SecretId: 'a', VersionStage }))).SecretString
const stepsTold = ({ events }: Rotator) => events.map(({ Step }) => Step)

/** Checks that a call fails with an error of this name and message. A message that is a string must match exactly. */
async function refused (t: Test, call: Promise<unknown>, { name, message }: { name: string, message: string | RegExp }, title = 'refused'): Promise<void> {
  const error = await call.then(() => undefined, (reason: unknown) => reason as Error)
  t.equal(error?.name, name, title)
  if (typeof message === 'string') t.equal(error?.message, message, title)
  else t.match(error?.message, message, title)
}

/** Creates a promise that the test can resolve. */
const gate = () => Promise.withResolvers<undefined>()

t.test('setting a rotation changes the date of the last change, even if there is no value to test the function with', async (t) => {
  const { client, clock } = await startWithRotator(t)
  await client.send(new CreateSecretCommand({ Name: 'a' }))
  clock.now += minute
  await client.send(new RotateSecretCommand({ ...setUp, RotateImmediately: false }))
  t.same((await describe(client)).LastChangedDate, new Date(clock.now))
})

t.test('a rotation carries out four steps after the reply, and its version becomes the current one', async (t) => {
  const { backend, client, clock, rotator, told, arn, first } = await startWithSecret(t)
  const answered = gate()
  rotator.instead.createSecret = () => answered.promise
  const reply = await client.send(new RotateSecretCommand(setUp))
  const { VersionId: second = '' } = reply
  t.match(reply, { ARN: arn, Name: 'a', VersionId: /^[0-9a-f-]{36}$/ })
  t.match(await describe(client), {
    RotationEnabled: true,
    RotationLambdaARN: functionArn,
    RotationRules: { AutomaticallyAfterDays: 1, Duration: undefined, ScheduleExpression: undefined },
    LastRotatedDate: undefined,
    NextRotationDate: '2026-03-05T23:59:59.000Z',
    VersionIdsToStages: { [first]: ['AWSCURRENT'], [second]: ['AWSPENDING'] }
  })

  delete rotator.instead.createSecret
  rotator.instead.setSecret = async () => {
    t.strictSame(await labels(client), { [first]: ['AWSCURRENT'], [second]: ['AWSPENDING'] })
    t.equal(await valueOf(client), 'old', 'the old value remains current until the last step')
    t.match(await valueOf(client, 'AWSPENDING'), /^.{32}$/)
  }
  answered.resolve(undefined)
  await backend.runDueRotations()
  // The function that ran instead of createSecret stored no value, so setSecret found none.
  t.strictSame(told.at(-1), { step: 'setSecret', error: 'ResourceNotFoundException' })

  rotator.events = []
  clock.move(minute)
  const rotatedAt = clock.now
  await backend.runDueRotations()
  const RotationToken = rotator.events[0]?.RotationToken
  t.match(RotationToken, /^[0-9a-f-]{36}$/)
  t.strictSame(rotator.events, steps.map((Step) => ({ Step, SecretId: arn, ClientRequestToken: second, RotationToken })))
  t.strictSame(told.slice(-4), steps.map((step) => ({ step })))
  t.match(await describe(client), {
    LastRotatedDate: iso(rotatedAt), NextRotationDate: '2026-03-05T23:59:59.000Z',
    VersionIdsToStages: { [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] }
  })
  t.match(await valueOf(client), /^.{32}$/)
  t.equal(await valueOf(client, 'AWSPREVIOUS'), 'old')
  const { SecretList: [listed] = [] } = await client.send(new ListSecretsCommand())
  t.match(listed, { RotationEnabled: true, RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 } })
  t.strictSame([listed?.LastRotatedDate, listed?.NextRotationDate], [new Date(rotatedAt), new Date('2026-03-05T23:59:59Z')])
})

t.test('during its first step a rotation has a version without a value', async (t) => {
  const { backend, client, rotator, first } = await startWithSecret(t)
  rotator.instead.createSecret = async ({ ClientRequestToken: VersionId }) => {
    t.strictSame(await labels(client), { [first]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] })
    await refused(t, valueOf(client, 'AWSPENDING'), {
      name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret value for staging label: AWSPENDING'
    })
    await refused(t, client.send(new GetSecretValueCommand({ SecretId: 'a', VersionId, VersionStage: 'AWSPENDING' })), {
      name: 'ResourceNotFoundException', message: `Secrets Manager can't find the specified secret value for VersionId: ${VersionId}`
    })
    await t.rejects(client.send(new UpdateSecretVersionStageCommand({
      SecretId: 'a', VersionStage: 'AWSCURRENT', MoveToVersionId: VersionId, RemoveFromVersionId: first
    })), { name: 'ResourceNotFoundException' }, 'what has no value can\'t be the current version')
    const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: 'a', IncludeDeprecated: true }))
    t.strictSame(Versions?.map(({ VersionId }) => VersionId), [first])

    const value = { SecretId: 'a', ClientRequestToken: VersionId, SecretString: 'new', VersionStages: ['AWSPENDING'] }
    t.match(await client.send(new PutSecretValueCommand(value)), { VersionId, VersionStages: ['AWSPENDING'] })
    t.equal(await valueOf(client, 'AWSPENDING'), 'new')
    await t.rejects(client.send(new PutSecretValueCommand({ ...value, SecretString: 'other' })), { name: 'ResourceExistsException' })
  }
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.equal(await valueOf(client), 'new')
  t.equal(rotator.events.length, 4)
})

t.test('a secret without a value receives its first one from a rotation', async (t) => {
  const { backend, client, rotator } = await startWithRotator(t)
  await client.send(new CreateSecretCommand({ Name: 'a' }))
  rotator.instead.createSecret = async ({ ClientRequestToken }) => {
    await client.send(new PutSecretValueCommand({ SecretId: 'a', ClientRequestToken, SecretString: 'new', VersionStages: ['AWSPENDING'] }))
  }
  const { VersionId = '' } = await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.strictSame(await labels(client), { [VersionId]: ['AWSCURRENT'] })
})

t.test('the function and the rules are reused, and either can be changed separately', async (t) => {
  const { backend, client, rotator } = await startWithSecret(t)
  for (const [input, rules] of [
    [setUp, { AutomaticallyAfterDays: 1 }],
    [{ SecretId: 'a' }, { AutomaticallyAfterDays: 1 }],
    [{ SecretId: 'a', RotationLambdaARN: '' }, { AutomaticallyAfterDays: 1 }],
    [{ SecretId: 'a', RotationRules: { ScheduleExpression: 'rate(10 hours)', Duration: '2h' } }, { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(10 hours)', Duration: '2h' }],
    [{ SecretId: 'a', RotationLambdaARN: `${functionArn}:live` }, { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(10 hours)', Duration: '2h' }],
    [{ SecretId: 'a', RotationRules: {} }, undefined]
  ] as const) {
    rotator.events = []
    const { VersionId = '' } = await client.send(new RotateSecretCommand(input))
    await backend.runDueRotations()
    t.strictSame(stepsTold(rotator), steps)
    const { RotationRules, VersionIdsToStages } = await describe(client)
    t.strictSame(RotationRules, rules)
    t.strictSame(VersionIdsToStages?.[VersionId], ['AWSCURRENT'])
  }
  t.match(await describe(client), { RotationEnabled: true, RotationLambdaARN: `${functionArn}:live`, NextRotationDate: undefined })
})

t.test('invalid requests are rejected, and nothing is stored', async (t) => {
  const { backend, client, first } = await startWithSecret(t)
  const before = await describe(client)
  const wrong: [object, { name: string, message: string | RegExp }][] = [
    [{}, { name: 'InvalidRequestException', message: 'No Lambda rotation function ARN is associated with this secret.' }],
    [{ RotationLambdaARN: '', RotationRules: { AutomaticallyAfterDays: 1 } }, { name: 'InvalidRequestException', message: 'No Lambda rotation function ARN is associated with this secret.' }],
    [{ RotationLambdaARN: functionArn.replace('rotator', 'unknown') }, {
      name: 'AccessDeniedException',
      message: 'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.'
    }],
    [{ RotationLambdaARN: 'rotator' }, { name: 'AccessDeniedException', message: /^Secrets Manager cannot invoke/ }],
    [{ RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' } }, {
      name: 'InvalidParameterException', message: 'You cannot specify both rotation frequency and schedule expression together.'
    }],
    [{ RotationLambdaARN: functionArn, RotationRules: { ScheduleExpression: 'rate(3 hours)' } }, { name: 'InvalidParameterException', message: /at most every 4 hours/ }],
    [{ RotationLambdaARN: functionArn, RotationRules: { Duration: '1h' } }, { name: 'InvalidParameterException', message: /Duration/ }],
    [{ RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1001 } }, { name: 'ValidationException', message: /less than or equal to 1000/ }],
    [{ RotationLambdaARN: functionArn, ExternalSecretRotationMetadata: [] }, { name: 'InvalidRequestException', message: /managed external secrets/ }],
    [{ RotationLambdaARN: functionArn, ExternalSecretRotationRoleArn: `arn:aws:iam::${account.accountId}:role/r` }, { name: 'InvalidRequestException', message: /managed external secrets/ }],
    [{ SecretId: 'unknown', RotationLambdaARN: functionArn }, { name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.' }]
  ]
  for (const [input, error] of wrong) {
    await refused(t, client.send(new RotateSecretCommand({ SecretId: 'a', ...input })), error, JSON.stringify(input))
  }
  await refused(t, client.send(new CancelRotateSecretCommand({ SecretId: 'a' })), {
    name: 'InvalidRequestException', message: 'No Lambda rotation function ARN is associated with this secret.'
  })
  const raw = await rawRequest(backend, { operation: 'RotateSecret', body: JSON.stringify({ SecretId: 'unknown' }) })
  t.strictSame(errorIn(t, raw), {
    type: 'InvalidParameterException', message: 'You must provide a ClientRequestToken value. We recommend a UUID-type value.', status: 400
  })
  await backend.runDueRotations()
  t.strictSame({ ...await describe(client), $metadata: undefined }, { ...before, $metadata: undefined })
  t.match(before, { VersionIdsToStages: { [first]: ['AWSCURRENT'] }, RotationEnabled: undefined })
})

t.test('a rotation is incomplete until its last step has ended', async (t) => {
  const { backend, client, rotator, told } = await startWithSecret(t)
  rotator.instead.finishSecret = async (event) => {
    await rotate(client, event)
    t.strictSame((await labels(client))?.[event.ClientRequestToken], ['AWSCURRENT', 'AWSPENDING'])
    await refused(t, client.send(new RotateSecretCommand(setUp)), incomplete)
  }
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.strictSame(told, steps.map((step) => ({ step })))
})

t.test('two secrets can be rotated at the same time with the same token', async (t) => {
  const { backend, client, rotator } = await startWithRotator(t)
  const ClientRequestToken = randomUUID()
  const bothBegun = gate()
  rotator.instead.setSecret = async () => {
    if (rotator.events.filter(({ Step }) => Step === 'setSecret').length === 2) bothBegun.resolve(undefined)
    await bothBegun.promise
  }
  for (const Name of ['a', 'b']) {
    await client.send(new CreateSecretCommand({ Name, SecretString: 'old' }))
    await client.send(new RotateSecretCommand({ ...setUp, SecretId: Name, ClientRequestToken }))
  }
  await backend.runDueRotations()
  t.equal(rotator.events.length, 8)
})

t.test('repeating a request changes nothing', async (t) => {
  const { backend, client, rotator } = await startWithSecret(t)
  const ClientRequestToken = randomUUID()
  const request = new RotateSecretCommand({ ...setUp, ClientRequestToken })
  rotator.instead.setSecret = async () => {
    t.match(await client.send(request), { Name: 'a', VersionId: ClientRequestToken }, 'while the rotation is in progress')
  }
  await client.send(request)
  await backend.runDueRotations()
  t.match(await client.send(request), { Name: 'a', VersionId: ClientRequestToken }, 'deferredWrites')
  await backend.runDueRotations()
  t.strictSame(stepsTold(rotator), steps)
})

t.test('a failed step ends the attempt and leaves AWSPENDING in place until a later one', async (t) => {
  for (const [index, failing] of steps.entries()) {
    const { backend, client, clock, rotator, told, first } = await startWithSecret(t)
    rotator.instead[failing] = () => { throw Object.assign(new Error('of the old password'), { name: 'DatabaseError' }) }
    const { VersionId = '' } = await client.send(new RotateSecretCommand(setUp))
    await backend.runDueRotations()
    t.strictSame(stepsTold(rotator), steps.slice(0, index + 1))
    t.strictSame(told, steps.slice(0, index + 1).map((step) => step === failing ? { step, error: 'DatabaseError' } : { step }))
    t.strictSame(await labels(client), { [first]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] })
    t.match(await describe(client), { LastRotatedDate: undefined })

    rotator.events = []
    await backend.runDueRotations()
    t.strictSame(rotator.events, [], 'not retried immediately')
    rotator.instead = {}
    await refused(t, client.send(new RotateSecretCommand({ ...setUp, RotationRules: { AutomaticallyAfterDays: 7 } })), incomplete)
    await backend.runDueRotations()
    t.strictSame(rotator.events.map(({ Step, ClientRequestToken }) => [Step, ClientRequestToken]), steps.map((step) => [step, VersionId]), 'but retried on request')
    t.match(await describe(client), {
      RotationRules: { AutomaticallyAfterDays: 1 }, LastRotatedDate: iso(clock.now),
      VersionIdsToStages: { [first]: ['AWSPREVIOUS'], [VersionId]: ['AWSCURRENT'] }
    }, 'a rejected request changes no setting')
  }
})

t.test('a failed rotation is retried automatically with increasing delays', async (t) => {
  const { backend, client, clock, rotator, told } = await startWithSecret(t)
  rotator.instead.testSecret = () => { throw new Error() }
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  for (const minutes of [1, 4, 16, 64, 240, 240]) {
    rotator.events = []
    clock.move(minutes * minute - 1)
    await backend.runDueRotations()
    t.strictSame(rotator.events, [], `not before ${minutes} minutes`)
    clock.move(1)
    await backend.runDueRotations()
    t.strictSame(stepsTold(rotator), steps.slice(0, 3), `after ${minutes} minutes`)
  }
  rotator.instead = {}
  clock.move(240 * minute)
  await backend.runDueRotations()
  t.strictSame(told.slice(-4), steps.map((step) => ({ step })))
})

t.test('a rotation is incomplete if all steps succeed but AWSCURRENT has not moved', async (t) => {
  const { backend, client, rotator, told, first } = await startWithSecret(t)
  rotator.instead.finishSecret = () => undefined
  const { VersionId = '' } = await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.strictSame(told.at(-1), { step: 'finishSecret', error: 'RotationIncomplete' })
  t.match(await describe(client), { LastRotatedDate: undefined, VersionIdsToStages: { [first]: ['AWSCURRENT'], [VersionId]: ['AWSPENDING'] } })
  await refused(t, client.send(new RotateSecretCommand(setUp)), incomplete)
})

t.test('without RotateImmediately the function is only tested, on a temporary version', async (t) => {
  const { backend, client, clock, rotator, told, first } = await startWithSecret(t)
  const input = { ...setUp, RotateImmediately: false }
  rotator.instead.testSecret = async ({ ClientRequestToken }) => {
    t.strictSame(await labels(client), { [first]: ['AWSCURRENT'], [ClientRequestToken]: ['AWSPENDING'] })
    t.equal(await valueOf(client, 'AWSPENDING'), 'old')
    await refused(t, client.send(new RotateSecretCommand(input)), incomplete)
  }
  await client.send(new RotateSecretCommand(input))
  await backend.runDueRotations()
  t.strictSame(stepsTold(rotator), ['testSecret'])
  t.match(await describe(client), {
    RotationEnabled: true, LastRotatedDate: undefined, NextRotationDate: '2026-03-05T23:59:59.000Z', VersionIdsToStages: { [first]: ['AWSCURRENT'] }
  })
  const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId: 'a', IncludeDeprecated: true }))
  t.equal(Versions?.length, 1)
  t.equal(await valueOf(client), 'old')

  rotator.instead.testSecret = () => { throw new Error() }
  await client.send(new RotateSecretCommand(input))
  await backend.runDueRotations()
  t.strictSame(told, [{ step: 'testSecret' }, { step: 'testSecret', error: 'Error' }])
  t.strictSame(await labels(client), { [first]: ['AWSCURRENT'] }, 'the same goes for a failed test, which is not retried')
  clock.move(day / 2)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 2)

  rotator.instead.testSecret = async ({ ClientRequestToken: MoveToVersionId }) => {
    await client.send(new UpdateSecretVersionStageCommand({ SecretId: 'a', VersionStage: 'AWSCURRENT', MoveToVersionId, RemoveFromVersionId: first }))
  }
  const { VersionId = '' } = await client.send(new RotateSecretCommand(input))
  await backend.runDueRotations()
  t.strictSame(await labels(client), { [first]: ['AWSPREVIOUS'], [VersionId]: ['AWSCURRENT'] }, 'unless the function made the version current')
})

t.test('without RotateImmediately a secret without a value is not tested', async (t) => {
  const { backend, client, rotator } = await startWithRotator(t)
  await client.send(new CreateSecretCommand({ Name: 'a' }))
  await client.send(new RotateSecretCommand({ ...setUp, RotateImmediately: false }))
  await backend.runDueRotations()
  t.strictSame(rotator.events, [])
  t.match(await describe(client), { RotationEnabled: true, VersionIdsToStages: undefined })
})

t.test('cancelling keeps the function, the rules, and the version of a rotation in progress', async (t) => {
  const { backend, client, clock, rotator, told, arn, first } = await startWithSecret(t)
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.match(await client.send(new CancelRotateSecretCommand({ SecretId: 'a' })), { ARN: arn, Name: 'a', VersionId: undefined })
  t.match(await describe(client), {
    RotationEnabled: false, RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 1 }, LastRotatedDate: undefined, NextRotationDate: undefined
  })
  clock.move(30 * day)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 4, 'no further rotation starts')
  const { VersionId: second = '' } = await client.send(new RotateSecretCommand({ SecretId: 'a' }))
  await backend.runDueRotations()
  t.match(await describe(client), { RotationEnabled: true, RotationRules: { AutomaticallyAfterDays: 1 }, LastRotatedDate: iso(clock.now) })

  const failure = gate()
  rotator.events = []
  rotator.instead.setSecret = async () => {
    const { VersionId } = await client.send(new CancelRotateSecretCommand({ SecretId: 'a' }))
    t.equal(VersionId, rotator.events[0]?.ClientRequestToken)
    await failure.promise
  }
  const { VersionId: third = '' } = await client.send(new RotateSecretCommand({ SecretId: 'a' }))
  const over = backend.runDueRotations()
  await over
  failure.resolve(undefined)
  t.strictSame(stepsTold(rotator), steps.slice(0, 2), 'no further step starts, and the current one is aborted')
  t.strictSame(told.at(-1), { step: 'createSecret' })
  t.match(await labels(client), { [first]: undefined, [second]: ['AWSCURRENT'], [third]: ['AWSPENDING'] })
  await refused(t, client.send(new RotateSecretCommand({ SecretId: 'a' })), incomplete)

  const remove = { SecretId: 'a', VersionStage: 'AWSPENDING', RemoveFromVersionId: third }
  await client.send(new UpdateSecretVersionStageCommand(remove))
  rotator.instead = {}
  await client.send(new RotateSecretCommand({ SecretId: 'a' }))
  await backend.runDueRotations()
  t.match(await labels(client), { [second]: ['AWSPREVIOUS'], [third]: undefined }, 'once the label is removed, a new rotation can start')
})

t.test('cancelling a test deletes its version', async (t) => {
  const { backend, client, rotator, first } = await startWithSecret(t)
  rotator.instead.testSecret = async () => {
    t.match(await client.send(new CancelRotateSecretCommand({ SecretId: 'a' })), { VersionId: undefined })
  }
  await client.send(new RotateSecretCommand({ ...setUp, RotateImmediately: false }))
  await backend.runDueRotations()
  t.match(await describe(client), { RotationEnabled: false, VersionIdsToStages: { [first]: ['AWSCURRENT'] } })
})

t.test('a rotation that has become pointless is abandoned', async (t) => {
  const { backend, client, clock, rotator, first } = await startWithSecret(t)
  const fail = async () => {
    rotator.instead.createSecret = () => { throw new Error() }
    const { VersionId = '' } = await client.send(new RotateSecretCommand(setUp))
    await backend.runDueRotations()
    rotator.instead = {}
    rotator.events = []
    return VersionId
  }
  const failed = await fail()
  const removal = { SecretId: 'a', VersionStage: 'AWSPENDING', RemoveFromVersionId: failed }
  await client.send(new UpdateSecretVersionStageCommand(removal))
  await t.rejects(client.send(new UpdateSecretVersionStageCommand(removal)), {
    name: 'ResourceNotFoundException', message: `Secrets Manager can't find the specified secret value for VersionId: ${failed}`
  }, 'the version without a value is deleted with its label')
  clock.move(day / 2)
  await backend.runDueRotations()
  t.strictSame(rotator.events, [], 'because the label was removed')

  const isGone = async (RemoveFromVersionId: string) => t.rejects(client.send(new UpdateSecretVersionStageCommand({
    SecretId: 'a', VersionStage: 'AWSPENDING', RemoveFromVersionId
  })), { name: 'ResourceNotFoundException', message: `Secrets Manager can't find the specified secret value for VersionId: ${RemoveFromVersionId}` })
  const empty = await fail()
  const { VersionId: second = '' } = await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'by hand' }))
  await isGone(empty)
  t.strictSame(await labels(client), { [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] }, 'a new value deletes an empty version')
  clock.move(day / 2)
  await backend.runDueRotations()
  t.strictSame(rotator.events, [])
  t.match(await describe(client), { LastRotatedDate: undefined })
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.strictSame(stepsTold(rotator), steps)

  const other = await fail()
  await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'pending by hand', VersionStages: ['AWSPENDING'] }))
  await isGone(other)
})

t.test('a rotation that another caller finished is complete', async (t) => {
  const { backend, client, clock, rotator, first } = await startWithSecret(t)
  rotator.instead.finishSecret = () => { throw new Error() }
  const { VersionId = '' } = await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  await client.send(new UpdateSecretVersionStageCommand({ SecretId: 'a', VersionStage: 'AWSCURRENT', MoveToVersionId: VersionId, RemoveFromVersionId: first }))
  await client.send(new UpdateSecretVersionStageCommand({ SecretId: 'a', VersionStage: 'AWSPENDING', RemoveFromVersionId: VersionId }))
  clock.move(minute)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 4)
  t.match(await describe(client), { LastRotatedDate: iso(clock.now), VersionIdsToStages: { [first]: ['AWSPREVIOUS'], [VersionId]: ['AWSCURRENT'] } })
})

t.test('a secret that is scheduled for deletion is not rotated', async (t) => {
  const { backend, client, clock, rotator } = await startWithSecret(t)
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  rotator.events = []
  await client.send(new DeleteSecretCommand({ SecretId: 'a', RecoveryWindowInDays: 7 }))
  const marked = { name: 'InvalidRequestException', message: 'You can\'t perform this operation on the secret because it was marked for deletion.' }
  await refused(t, client.send(new RotateSecretCommand({ SecretId: 'a' })), marked)
  await refused(t, client.send(new CancelRotateSecretCommand({ SecretId: 'a' })), marked)
  clock.move(day)
  await backend.runDueRotations()
  t.strictSame(rotator.events, [])
  await client.send(new RestoreSecretCommand({ SecretId: 'a' }))
  await backend.runDueRotations()
  t.equal(rotator.events.length, 4)

  rotator.events = []
  rotator.instead.createSecret = () => { throw new Error() }
  await client.send(new RotateSecretCommand({ SecretId: 'a' }))
  await backend.runDueRotations()
  await client.send(new DeleteSecretCommand({ SecretId: 'a', RecoveryWindowInDays: 7 }))
  clock.move(minute)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 1, 'a failed rotation is not retried either')
  await client.send(new RestoreSecretCommand({ SecretId: 'a' }))
  rotator.instead = {}
  await backend.runDueRotations()
  t.equal(rotator.events.length, 5)

  rotator.events = []
  rotator.instead.setSecret = async () => client.send(new DeleteSecretCommand({ SecretId: 'a', ForceDeleteWithoutRecovery: true }))
  await client.send(new RotateSecretCommand({ SecretId: 'a' }))
  await backend.runDueRotations()
  t.equal(rotator.events.length, 2, 'nor is that of a secret that no longer exists')
})

t.test('a version that another caller labelled AWSPENDING blocks rotation', async (t) => {
  const { backend, client, clock, rotator } = await startWithSecret(t)
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  rotator.events = []
  const { VersionId } = await client.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'by hand', VersionStages: ['AWSPENDING'] }))
  await refused(t, client.send(new RotateSecretCommand({ SecretId: 'a' })), incomplete)
  await backend.runDueRotations()
  t.strictSame(rotator.events, [])
  clock.move(day)
  await backend.runDueRotations()
  t.strictSame(rotator.events.map(({ ClientRequestToken }) => ClientRequestToken), steps.map(() => VersionId), 'the schedule\'s rotation is of that version')
  t.equal(await valueOf(client), 'by hand')
})

t.test('a replica follows a rotation, but can\'t be rotated itself', async (t) => {
  const { backend, client, rotator, first } = await startWithSecret(t)
  await client.send(new ReplicateSecretToRegionsCommand({ SecretId: 'a', AddReplicaRegions: [{ Region: 'us-east-1' }] }))
  const replica = clientOf(t, backend, account, 'us-east-1')
  rotator.instead.setSecret = async ({ ClientRequestToken }) => {
    t.strictSame(await labels(replica), { [first]: ['AWSCURRENT'], [ClientRequestToken]: ['AWSPENDING'] })
  }
  const { VersionId = '' } = await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.match(await describe(replica), {
    RotationEnabled: true, LastRotatedDate: String, VersionIdsToStages: { [first]: ['AWSPREVIOUS'], [VersionId]: ['AWSCURRENT'] }
  })
  t.equal(await valueOf(replica), await valueOf(client))
  await t.rejects(replica.send(new RotateSecretCommand(setUp)), { name: 'InvalidParameterException' })
  await t.rejects(replica.send(new CancelRotateSecretCommand({ SecretId: 'a' })), { name: 'InvalidParameterException' })
})

t.test('changes that are made during a rotation are kept', async (t) => {
  const { backend, client, rotator } = await startWithSecret(t)
  rotator.instead.setSecret = async () => client.send(new UpdateSecretCommand({ SecretId: 'a', Description: 'changed' }))
  await client.send(new RotateSecretCommand(setUp))
  await backend.runDueRotations()
  t.match(await describe(client), { Description: 'changed', LastRotatedDate: String })
})
