/**
 * Runs a Secrets Manager that enforces AWS's quotas, in its own thread. In the benchmark's busy event loop, calls would seem to
 * arrive together. Sends its URL, and then a message for each call.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { startLocalBackend } from '#src/local-backend/server'

/** A received call: the operation, the time in milliseconds, and whether it was throttled. */
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
