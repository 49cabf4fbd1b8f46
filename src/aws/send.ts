import { setTimeout as delay } from 'node:timers/promises'
import type { Breaker, Outcome } from '#src/admission/breaker'
import { startDeadline, type Deadline } from '#src/admission/deadline'
import { Problem } from '#src/problems/problem'
import { bindFlight, isRead as readsOnly, operationOf, ownerOf, type AwsCall } from './call.ts'
import type { Command, SecretsManager, ServiceInput, ServiceOutput } from './types.ts'

/** A client, and the bounds of a call through it: the circuit breaker and the deadline. */
export interface BoundedClient {
  readonly client: SecretsManager
  readonly breaker: Breaker
  /** The time limit in milliseconds for the keys, all attempts and the whole reply, but not for the queue. */
  readonly deadline: number
}

/** The maximum number of times that a background call waits for the next probe of the breaker. */
const probesToWaitFor = 20

/**
 * Sends a command to AWS.
 *
 * @throws Problem `aws-timeout` after the deadline, `aws-unavailable` at once if AWS has not answered other calls, `overloaded`
 *   if too many calls wait, `caller-gone` if the call's owner left before a write, and the problems for AWS's exceptions
 */
export async function sendCommand<Input extends ServiceInput, Output extends ServiceOutput> (
  { client, breaker, deadline: limit }: BoundedClient, call: AwsCall, command: Command<Input, Output>
): Promise<Output> {
  const operation = operationOf(command.constructor.name)
  const isRead = readsOnly(operation)
  const owner = ownerOf(call)
  if (call.background !== undefined) await untilProbe(breaker, call.background)
  const decide = breaker.enter(operation)
  const deadline = startDeadline(limit, isRead ? owner : undefined)
  bindFlight(command.input, { call, deadline, isRead, owner })
  let outcome: Outcome = 'answered'
  try {
    return await orEnd(client.send(command, { abortSignal: deadline.signal }), deadline, operation)
  } catch (error) {
    const reason = isRead && owner?.aborted === true ? owner.reason as unknown : error
    outcome = outcomeOf(reason)
    throw reason
  } finally {
    deadline.end()
    decide(outcome)
  }
}

/**
 * Waits while the breaker refuses calls. A background call can afford to wait, because its caller waits for many calls anyway.
 */
async function untilProbe (breaker: Breaker, stop: AbortSignal): Promise<void> {
  for (let waits = 0; waits < probesToWaitFor && breaker.wait() > 0 && !stop.aborted; waits++) {
    await delay(breaker.wait(), undefined, { signal: stop }).catch(() => undefined)
  }
}

/**
 * Returns the reply, or rejects after the deadline. At the deadline, the SDK ends a request, but not a wait for the credential's
 * keys.
 */
async function orEnd<Reply> (reply: Promise<Reply>, { signal }: Deadline, operation: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    reply.then(resolve, reject)
    signal.addEventListener('abort', () => {
      // If a request was in progress, its own, more precise error settles this promise first. Otherwise, the call was still
      // waiting for its keys.
      setImmediate(reject, new Problem('aws-timeout', { failure: { operation, cause: 'keys-unavailable', effect: 'not-done' } }))
    }, { once: true })
  })
}

const outcomes: Readonly<Partial<Record<Problem['code'], Outcome>>> = {
  'aws-timeout': 'unanswered',
  'aws-unavailable': 'unanswered',
  'caller-gone': 'undecided',
  overloaded: 'undecided',
  'shared-state-unavailable': 'undecided'
}

const outcomeOf = (error: unknown): Outcome => error instanceof Problem ? outcomes[error.code] ?? 'answered' : 'undecided'
