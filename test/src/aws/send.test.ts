import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { PutSecretValueCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import type { BoundedClient } from '#src/aws/send'
import { awsClients } from '#src/aws/clients'
import { sendCommand } from '#src/aws/send'
import type { AwsCall } from '#src/aws/call'
import { awsFrom } from '#src/config/aws'
import { environmentFrom } from '#src/environments/environment'
import { Problem } from '#src/problems/problem'
import { gatesWithoutQuotas } from '#test/bounded-client'

const call: AwsCall = { environment: environmentFrom('dev', { region: 'eu-west-1', credential: 'a' }), credentialId: 'a' }
const read = (): GetSecretValueCommand => new GetSecretValueCommand({ SecretId: 'a' })
const write = (): PutSecretValueCommand => new PutSecretValueCommand({ SecretId: 'a', SecretString: 'v' })

interface Fake {
  bounded: BoundedClient
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
  return { bounded: clients.clientFor({ credentialId: 'a' }, 'eu-west-1'), open, count: () => count }
}

const stalls: Readonly<Record<string, (reply: ServerResponse) => void>> = {
  'before the first byte': () => undefined,
  'after the headers': (reply) => { reply.writeHead(200, { 'content-length': 100 }).flushHeaders() },
  'in the middle of the body': (reply) => { reply.writeHead(200, { 'content-length': 100 }).write('{"ARN":') }
}

for (const [where, stall] of Object.entries(stalls)) {
  t.test(`a reply that stalls ${where} ends at the deadline, and so does its connection`, async (t) => {
    const { bounded, open } = await fakeAws(t, stall, { deadlineSeconds: 0.2 })
    await t.rejects(sendCommand(bounded, call, read()), { code: 'aws-timeout', options: { failure: { cause: 'timed-out', effect: 'only-read' } } })
    await t.rejects(sendCommand(bounded, call, write()), { code: 'aws-timeout', options: { failure: { cause: 'timed-out', effect: 'unknown' } } })
    while (open.length > 0) await setImmediate()
  })

  t.test(`a read that stalls ${where} is aborted when its owner leaves, and a write is not`, async (t) => {
    const { bounded, open } = await fakeAws(t, stall, { deadlineSeconds: 1 })
    const owner = new AbortController()
    const gone = new Problem('caller-gone')
    const [reading, writing] = [sendCommand(bounded, { ...call, signal: owner.signal }, read()), sendCommand(bounded, { ...call, signal: new AbortController().signal }, write())]
    reading.catch(() => undefined)
    while (open.length < 2) await setImmediate()
    owner.abort(gone)
    t.equal(await reading.catch((error: unknown) => error), gone)
    await t.rejects(writing, { code: 'aws-timeout' })
  })
}

t.test('an owner that has begun to write completes its calls, even if it leaves', async (t) => {
  const { bounded, count } = await fakeAws(t, (reply) => { reply.end('{"ARN":"arn","Name":"a","VersionId":"i","SecretString":"v"}') })
  const owner = new AbortController()
  const own = { ...call, signal: owner.signal }
  await sendCommand(bounded, own, write())
  owner.abort(new Problem('caller-gone'))
  t.match(await sendCommand(bounded, own, read()), { SecretString: 'v' })
  await sendCommand(bounded, own, write())
  const other = AbortSignal.abort(new Problem('caller-gone'))
  await t.rejects(sendCommand(bounded, { ...call, signal: other }, write()), { code: 'caller-gone' })
  t.equal(count(), 3)
})

t.test('the wait for keys ends at the deadline, too', async (t) => {
  const { bounded } = await fakeAws(t, () => undefined, { deadlineSeconds: 0.1 })
  Object.assign(bounded.client.config, { credentials: async () => new Promise(() => undefined) })
  await t.rejects(sendCommand(bounded, call, read()), { code: 'aws-timeout' })
})

t.test('no attempt is repeated sooner than AWS asks, or if the deadline would pass first', async (t) => {
  let failures = 1
  const throttle = (seconds: number) => (reply: ServerResponse): void => {
    if (failures-- > 0) reply.writeHead(400, { 'retry-after': String(seconds), 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"ThrottlingException"}')
    else reply.end('{"ARN":"arn","Name":"a","VersionId":"i","SecretString":"v"}')
  }
  const throttledOnce = await fakeAws(t, throttle(1))
  const started = performance.now()
  t.match(await sendCommand(throttledOnce.bounded, call, read()), { SecretString: 'v' })
  t.ok(performance.now() - started >= 990)
  failures = 1
  const late = await fakeAws(t, throttle(30))
  await t.rejects(sendCommand(late.bounded, call, read()), { code: 'aws-throttled', options: { retryAfter: 30 } })
  t.equal(late.count(), 1)
})

t.test('while AWS does not answer, foreground calls are refused at once, and background calls wait for the next probe', async (t) => {
  let isDown = true
  const { bounded, count } = await fakeAws(t, (reply) => {
    if (isDown) reply.destroy()
    else reply.end('{"ARN":"arn","Name":"a","VersionId":"i","SecretString":"v"}')
  })
  for (let calls = 0; calls < 5; calls++) await t.rejects(sendCommand(bounded, call, read()), { code: 'aws-unavailable' })
  t.equal(count(), 15)
  await t.rejects(sendCommand(bounded, call, read()), { code: 'aws-unavailable', options: { failure: { cause: 'not-answering', effect: 'not-done' } } })
  t.equal(count(), 15)
  isDown = false
  const waited = sendCommand(bounded, { ...call, background: new AbortController().signal }, read())
  await t.rejects(sendCommand(bounded, { ...call, background: AbortSignal.abort() }, read()), { code: 'aws-unavailable' }, 'a run that is stopped does not wait')
  t.match(await waited, { SecretString: 'v' })
  t.match(await sendCommand(bounded, call, read()), { SecretString: 'v' })
})

t.test('a reply of an absurd size is not read', async (t) => {
  const { bounded } = await fakeAws(t, (reply) => {
    const more = (): void => { while (!reply.destroyed && reply.write(Buffer.alloc(1024 * 1024, ' '))); }
    reply.on('drain', more)
    more()
  })
  await t.rejects(sendCommand(bounded, call, read()), { code: 'aws-unavailable', options: { failure: { cause: 'unreadable' } } })
})

t.test('no attempt is sent when another process may make the call', async (t) => {
  let isTakenOver = true
  const { bounded, count } = await fakeAws(t, (reply) => {
    isTakenOver = true
    reply.writeHead(500, { 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"InternalServiceError"}')
  })
  const shared: AwsCall = { ...call, isTakenOver: () => isTakenOver }
  const refusal = { code: 'shared-state-unavailable', options: { reason: 'lease-over', failure: undefined } }
  await t.rejects(sendCommand(bounded, shared, write()), refusal)
  t.equal(count(), 0)
  isTakenOver = false
  await t.rejects(sendCommand(bounded, shared, write()), { code: 'shared-state-unavailable', options: { failure: { effect: 'unknown' } } })
  t.equal(count(), 1, 'only the first attempt')
})
