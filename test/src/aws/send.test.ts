import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { PutSecretValueCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import type { Line } from '#src/aws/send'
import { awsClients } from '#src/aws/clients'
import { sendCommand } from '#src/aws/send'
import type { AwsCall } from '#src/aws/call'
import { awsFrom } from '#src/config/aws'
import { environmentFrom } from '#src/environments/environment'
import { Problem } from '#src/problems/problem'
import { gatesWithoutQuotas } from '#test/aws-line'

const call: AwsCall = { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'a' }), credentialId: 'a' }
const read = (): GetSecretValueCommand => new GetSecretValueCommand({ SecretId: 'a' })
const write = (): PutSecretValueCommand => new PutSecretValueCommand({ SecretId: 'a', SecretString: 'v' })

interface Fake {
  line: Line
  /** The replies that are still open. */
  open: ServerResponse[]
  /** The number of requests. */
  count: () => number
}

/** Starts a server that stands in for AWS, because the real AWS can't be made to stall. */
async function fakeAws (t: Test, answer: (reply: ServerResponse) => void, aws: Parameters<typeof awsFrom>[0] = {}): Promise<Fake> {
  const open: ServerResponse[] = []
  let count = 0
  const server = createServer((request, reply) => {
    request.resume()
    count += 1
    open.push(reply)
    reply.once('close', () => { open.splice(open.indexOf(reply), 1) })
    answer(reply)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients = awsClients({
    credentials: new Map([['a', { kind: 'embedded', accessKeyId: 'a', secretAccessKey: 'b' }]]),
    aws: awsFrom({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...aws }),
    gates: gatesWithoutQuotas(),
    stsRegion: () => 'eu-west-1',
    now: Date.now
  })
  t.teardown(() => {
    clients.close()
    server.closeAllConnections()
    server.close()
  })
  return { line: clients.line({ credentialId: 'a' }, 'eu-west-1'), open, count: () => count }
}

const stalls: Readonly<Record<string, (reply: ServerResponse) => void>> = {
  'before the first byte': () => undefined,
  'after the headers': (reply) => { reply.writeHead(200, { 'content-length': 100 }).flushHeaders() },
  'in the middle of the body': (reply) => { reply.writeHead(200, { 'content-length': 100 }).write('{"ARN":') }
}

for (const [where, stall] of Object.entries(stalls)) {
  t.test(`a reply that stalls ${where} ends at the deadline, and so does its connection`, async (t) => {
    const { line, open } = await fakeAws(t, stall, { deadlineSeconds: 0.2 })
    await t.rejects(sendCommand(line, call, read()), { code: 'aws-timeout', options: { failure: { cause: 'timed-out', effect: 'only-read' } } })
    await t.rejects(sendCommand(line, call, write()), { code: 'aws-timeout', options: { failure: { cause: 'timed-out', effect: 'unknown' } } })
    while (open.length > 0) await setImmediate()
  })

  t.test(`a read that stalls ${where} is aborted when its owner leaves, and a write is not`, async (t) => {
    const { line, open } = await fakeAws(t, stall, { deadlineSeconds: 1 })
    const owner = new AbortController()
    const gone = new Problem('caller-gone')
    const [reading, writing] = [sendCommand(line, { ...call, signal: owner.signal }, read()), sendCommand(line, { ...call, signal: new AbortController().signal }, write())]
    reading.catch(() => undefined)
    while (open.length < 2) await setImmediate()
    owner.abort(gone)
    t.equal(await reading.catch((error: unknown) => error), gone)
    await t.rejects(writing, { code: 'aws-timeout' })
  })
}

t.test('an owner that has begun to write carries its calls out to the end, even if it leaves', async (t) => {
  const { line, count } = await fakeAws(t, (reply) => { reply.end('{"ARN":"arn","Name":"a","VersionId":"i","SecretString":"v"}') })
  const owner = new AbortController()
  const own = { ...call, signal: owner.signal }
  await sendCommand(line, own, write())
  owner.abort(new Problem('caller-gone'))
  t.match(await sendCommand(line, own, read()), { SecretString: 'v' })
  await sendCommand(line, own, write())
  const other = AbortSignal.abort(new Problem('caller-gone'))
  await t.rejects(sendCommand(line, { ...call, signal: other }, write()), { code: 'caller-gone' })
  t.equal(count(), 3)
})

t.test('the wait for keys ends at the deadline, too', async (t) => {
  const { line } = await fakeAws(t, () => undefined, { deadlineSeconds: 0.1 })
  Object.assign(line.client.config, { credentials: async () => new Promise(() => undefined) })
  await t.rejects(sendCommand(line, call, read()), { code: 'aws-timeout' })
})

t.test('no attempt is repeated sooner than AWS asks, or if the deadline would pass before', async (t) => {
  let failures = 1
  const throttle = (seconds: number) => (reply: ServerResponse): void => {
    if (failures-- > 0) reply.writeHead(400, { 'retry-after': String(seconds), 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"ThrottlingException"}')
    else reply.end('{"ARN":"arn","Name":"a","VersionId":"i","SecretString":"v"}')
  }
  const patient = await fakeAws(t, throttle(1))
  const started = performance.now()
  t.match(await sendCommand(patient.line, call, read()), { SecretString: 'v' })
  t.ok(performance.now() - started >= 990)
  failures = 1
  const late = await fakeAws(t, throttle(30))
  await t.rejects(sendCommand(late.line, call, read()), { code: 'aws-throttled', options: { retryAfter: 30 } })
  t.equal(late.count(), 1)
})

t.test('while AWS does not answer, foreground calls are refused at once, and background calls wait for the next probe', async (t) => {
  let isDown = true
  const { line, count } = await fakeAws(t, (reply) => {
    if (isDown) reply.destroy()
    else reply.end('{"ARN":"arn","Name":"a","VersionId":"i","SecretString":"v"}')
  })
  for (let calls = 0; calls < 5; calls++) await t.rejects(sendCommand(line, call, read()), { code: 'aws-unavailable' })
  t.equal(count(), 15)
  await t.rejects(sendCommand(line, call, read()), { code: 'aws-unavailable', options: { failure: { cause: 'not-answering', effect: 'not-done' } } })
  t.equal(count(), 15)
  isDown = false
  const waited = sendCommand(line, { ...call, background: new AbortController().signal }, read())
  await t.rejects(sendCommand(line, { ...call, background: AbortSignal.abort() }, read()), { code: 'aws-unavailable' }, 'a run that is stopped does not wait')
  t.match(await waited, { SecretString: 'v' })
  t.match(await sendCommand(line, call, read()), { SecretString: 'v' })
})

t.test('a reply of an absurd size is not read', async (t) => {
  const { line } = await fakeAws(t, (reply) => {
    const more = (): void => { while (!reply.destroyed && reply.write(Buffer.alloc(1024 * 1024, ' '))); }
    reply.on('drain', more)
    more()
  })
  await t.rejects(sendCommand(line, call, read()), { code: 'aws-unavailable', options: { failure: { cause: 'unreadable' } } })
})

t.test('no attempt is sent when another process may make the call', async (t) => {
  let isTaken = true
  const { line, count } = await fakeAws(t, (reply) => {
    isTaken = true
    reply.writeHead(500, { 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"InternalServiceError"}')
  })
  const shared: AwsCall = { ...call, isTaken: () => isTaken }
  const refusal = { code: 'shared-state-unavailable', options: { reason: 'lease-over', failure: undefined } }
  await t.rejects(sendCommand(line, shared, write()), refusal)
  t.equal(count(), 0)
  isTaken = false
  await t.rejects(sendCommand(line, shared, write()), { code: 'shared-state-unavailable', options: { failure: { effect: 'unknown' } } })
  t.equal(count(), 1, 'only the first attempt')
})
