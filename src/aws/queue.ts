import type { SQS } from '@aws-sdk/client-sqs'
import { isKeyRefusal } from './exception-rules.ts'
import type { AwsKeys } from './credentials.ts'
import { sdk } from './sdk.ts'

/** A message that a queue has delivered. */
export interface Message {
  readonly body: string
  /** Identifies the delivery, to delete the message. */
  readonly receipt: string
}

/** A queue of Amazon SQS. Its functions reject with the errors of the SDK, or with a `Problem` if there are no keys. */
export interface Queue {
  /** Waits for messages, up to 20 seconds. Returns an empty list if there are none. */
  receive: (signal: AbortSignal) => Promise<Message[]>
  /** Deletes messages. SQS delivers all other messages again. */
  remove: (messages: readonly Message[]) => Promise<void>
  close: () => void
}

/** The location of a queue. */
export interface QueuePlace {
  readonly queueUrl: string
  readonly region: string
}

/** The keys that a queue is called with. */
export interface QueueKeys {
  readonly current: () => Promise<AwsKeys>
  /** Called when AWS has refused the keys. */
  readonly refuse: () => void
}

/** The longest time that SQS waits for a message, in seconds, and the maximum number of messages that it delivers at once. */
const longPoll = { WaitTimeSeconds: 20, MaxNumberOfMessages: 10 } as const

/** The time limits for connecting, and for an answer to a long poll, in milliseconds. */
const timeouts = { connectionTimeout: 2_000, requestTimeout: 30_000, throwOnRequestTimeout: true } as const

/** Opens a queue. The SDK's client is loaded at the first call, because most gateways have no queue. */
export function openQueue ({ queueUrl, region }: QueuePlace, { current, refuse }: QueueKeys): Queue {
  const requestHandler = new (sdk().http.NodeHttpHandler)(timeouts)
  let client: Promise<SQS> | undefined

  async function open (): Promise<SQS> {
    const { SQS } = await import('@aws-sdk/client-sqs')
    // The queue's URL determines the endpoint, so the settings for other endpoints do not apply.
    const place = { region, endpoint: new URL(queueUrl).origin, useFipsEndpoint: false, useDualstackEndpoint: false }
    // `memoized` tells the SDK not to cache the keys itself.
    return new SQS({ ...place, requestHandler, credentials: Object.assign(current, { memoized: true }) })
  }

  async function call<Result> (send: (sqs: SQS) => Promise<Result>): Promise<Result> {
    try {
      return await send(await (client ??= open()))
    } catch (error) {
      if (error instanceof Error && isKeyRefusal(error)) refuse()
      throw error
    }
  }

  return {
    async receive (abortSignal) {
      const request = { QueueUrl: queueUrl, ...longPoll }
      const { Messages = [] } = await call(async (sqs) => sqs.receiveMessage(request, { abortSignal }))
      return Messages.map(({ Body = '', ReceiptHandle = '' }) => ({ body: Body, receipt: ReceiptHandle }))
    },
    async remove (messages) {
      const Entries = messages.map(({ receipt }, index) => ({ Id: String(index), ReceiptHandle: receipt }))
      await call(async (sqs) => sqs.deleteMessageBatch({ QueueUrl: queueUrl, Entries }))
    },
    close () { requestHandler.destroy() }
  }
}
