import { monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'
import type { AwsCall } from './call.ts'

/** A call to AWS that has ended, with all of its attempts. */
export interface EndedCall {
  readonly operation: string
  readonly credential: string
  readonly region: string
  /** `ok`, or the code of the problem. */
  readonly result: string
  /** The duration of the call, including the waits for admission. */
  readonly seconds: number
}

/** Makes a call, and reports its end. @param onEnd called with a call that has succeeded or failed */
export async function reportEnd<Reply> (
  onEnd: (call: EndedCall) => void, operation: string, call: AwsCall, send: () => Promise<Reply>
): Promise<Reply> {
  const { credentialId: credential, environment: { region } } = call
  const began = monotonic()
  const end = (result: string): void => {
    onEnd({ operation, credential, region, result, seconds: (monotonic() - began) / 1_000 })
  }
  try {
    const reply = await send()
    end('ok')
    return reply
  } catch (error) {
    end(error instanceof Problem ? error.code : 'internal-error')
    throw error
  }
}
