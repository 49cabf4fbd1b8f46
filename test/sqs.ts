import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A queue that speaks the protocol of Amazon SQS. */
export interface TestQueue {
  queueUrl: string
  /** Puts messages into the queue. */
  send: (...bodies: string[]) => void
  /** The bodies of the messages in the queue. A delivered message stays in the queue until it is deleted. */
  messages: () => string[]
  /** The operations that were called so far. */
  calls: string[]
  /** The access key IDs that the calls were signed with. */
  signers: Set<string>
  /** Makes the next calls fail with these AWS error codes. */
  fail: (...codes: string[]) => void
  /** Returns true if the caller's IAM policy allows an operation. By default, everything is allowed. */
  judge: (operation: string) => boolean
  /** If true, SQS does not wait for messages. */
  isHasty: boolean
  /** The number of calls that wait for a message. */
  waiting: () => number
}

interface Message {
  readonly id: string
  readonly body: string
  isDelivered: boolean
}

/** Starts a queue. It delivers each message once, and again only if the deletion of the message has failed. */
export async function startQueue (t: Test): Promise<TestQueue> {
  const all: Message[] = []
  const failures: string[] = []
  const waiting = new Set<ServerResponse>()

  const reply = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body))
  }

  function deliver (response: ServerResponse): void {
    const due = all.filter(({ isDelivered }) => !isDelivered).slice(0, 10)
    if (due.length === 0 && !queue.isHasty) {
      waiting.add(response)
      return
    }
    for (const message of due) message.isDelivered = true
    reply(response, 200, due.length === 0 ? {} : {
      Messages: due.map(({ id, body }) =>
        ({ MessageId: id, ReceiptHandle: `receipt ${id}`, Body: body, MD5OfBody: createHash('md5').update(body).digest('hex') }))
    })
  }

  function remove (response: ServerResponse, { Entries }: { Entries: { Id: string, ReceiptHandle: string }[] }): void {
    for (const { ReceiptHandle } of Entries) all.splice(all.findIndex(({ id }) => `receipt ${id}` === ReceiptHandle), 1)
    reply(response, 200, { Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] })
  }

  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const operation = String(request.headers['x-amz-target']).replace(/^AmazonSQS\./, '')
      queue.calls.push(operation)
      queue.signers.add(/Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1] ?? '')
      const failure = queue.judge(operation) ? failures.shift() : 'AccessDenied'
      response.on('close', () => { waiting.delete(response) })
      if (failure !== undefined) reply(response, 400, { __type: `com.amazonaws.sqs#${failure}`, message: 'canary' })
      else if (operation === 'ReceiveMessage') deliver(response)
      else remove(response, body as Parameters<typeof remove>[1])
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })

  const queue: TestQueue = {
    queueUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/111111111111/events`,
    send (...bodies) {
      all.push(...bodies.map((body) => ({ id: randomUUID(), body, isDelivered: false })))
      const [next] = waiting
      if (next === undefined) return
      waiting.delete(next)
      deliver(next)
    },
    messages: () => all.map(({ body }) => body),
    calls: [],
    signers: new Set(),
    fail (...codes) { failures.push(...codes) },
    judge: () => true,
    isHasty: false,
    waiting: () => waiting.size
  }
  return queue
}
