/**
 * Runs a Secrets Manager that enforces AWS's quotas in a thread of its own, so that a busy event loop of the benchmark does not
 * make calls seem to arrive together. Sends its URL, and then a message for each call.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { startLocalBackend } from '#src/local-backend/server'

/** A call that was received: the operation, when in milliseconds, and whether it was throttled. */
export interface ReceivedCall {
  readonly operation: string
  readonly time: number
  readonly throttled: boolean
}

const { url } = await startLocalBackend({
  accounts: [workerData as { accountId: string, accessKeyId: string, secretAccessKey: string }],
  throttling: true,
  onOperation ({ operation, throttled }) {
    const call: ReceivedCall = { operation, time: performance.now(), throttled: throttled === true }
    parentPort?.postMessage(call)
  }
})
parentPort?.postMessage(url)
