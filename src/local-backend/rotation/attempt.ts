import { randomUUID } from 'node:crypto'
import type { SimulatedFaults } from '#src/local-backend/rules/simulated-faults'
import { writeAndReplicate } from '#src/local-backend/rules/replication'
import { abandonAttempt, completeRotation, endTest, isStillPending, retryLater } from '#src/local-backend/rules/rotation-attempt'
import type { Scope } from '#src/local-backend/scope'
import { findAttempt, releaseAttempt, type DueAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation } from '#src/local-backend/store/rotations'
import { findByArn, findById, type Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { takeClaim, type Claim } from './claim.ts'
import { FunctionError } from './function-error.ts'
import { steps, type Invocation, type Step } from './rotation-event.ts'

/** The dependencies of an attempt at a rotation. */
export interface AttemptContext {
  store: Store
  /** Returns the time in milliseconds since the epoch. */
  now: () => number
  faults: SimulatedFaults
  /** An ID of this process, unique among the processes that share the data folder. */
  owner: string
  /**
   * Calls a rotation function. Throws FunctionError if the function fails, or the signal's reason if the signal aborted the call.
   */
  invoke: (invocation: Invocation) => Promise<void>
  onRotationStep: (event: RotationStepEvent) => void
  /** Aborted when the process shuts down. */
  closing: AbortSignal
}

/** The result of one step of a rotation. */
export interface RotationStepEvent extends Scope {
  arn: string
  /** The ID of the version that the rotation creates. */
  versionId: string
  step: Step
  /** The name of the error, if the step failed. */
  error?: string
}

interface Work {
  secret: Secret
  functionArn: string
  isTest: boolean
  claim: Claim
}

/**
 * Claims a rotation, carries out its steps, and either completes the rotation or schedules a retry. Does nothing if another
 * process has claimed the rotation. Stops if the rotation is cancelled or the process shuts down.
 */
export async function attemptRotation (context: AttemptContext, due: DueAttempt): Promise<void> {
  const write = <Result>(change: (now: number) => Result): Result => {
    const now = context.now()
    return writeAndReplicate({ ...context, now }, () => change(now))
  }
  const work = write((now) => begin(context, due, now))
  if (work === undefined) return
  try {
    const succeeded = await takeSteps(context, due, work)
    write((now) => { end(context, due, work, succeeded, now) })
  } finally {
    work.claim.stop()
  }
}

function begin ({ store, owner }: AttemptContext, { accountId, region, arn, ...due }: DueAttempt, now: number): Work | undefined {
  const secret = findByArn(store, { accountId, region }, arn, now)
  const rotation = secret && findRotation(store, secret)
  const claim = rotation && takeClaim(store, secret, due.versionId, owner)
  if (secret === undefined || rotation === undefined || claim === undefined) return undefined
  const isTest = findAttempt(store, secret)?.testOnly === 1
  if (isStillPending(store, secret, due.versionId)) return { secret, functionArn: rotation.functionArn, isTest, claim }
  claim.stop()
  if (isTest) endTest(store, secret, due.versionId, now)
  else if (!completeRotation(store, secret, due.versionId, now)) abandonAttempt(store, secret, now)
  return undefined
}

async function takeSteps (context: AttemptContext, due: DueAttempt, { functionArn, isTest, claim }: Work): Promise<boolean> {
  const signal = AbortSignal.any([context.closing, claim.lost])
  const isStopped = (): boolean => signal.aborted || !claim.renew()
  const rotationToken = randomUUID()
  for (const step of isTest ? ['testSecret' as const] : steps) {
    if (isStopped()) return false
    const event = { Step: step, SecretId: due.arn, ClientRequestToken: due.versionId, RotationToken: rotationToken }
    try {
      await context.invoke({ functionArn, event, signal })
      report(context, due, step)
    } catch (error) {
      if (!isStopped()) report(context, due, step, error)
      return false
    }
  }
  return true
}

function end (context: AttemptContext, due: DueAttempt, { isTest, claim, ...work }: Work, succeeded: boolean, now: number): void {
  const { store, owner, closing } = context
  // The secret may have changed while the steps were running.
  const secret = findById(store, work.secret.id)
  if (secret === undefined || !claim.renew()) return
  if (!succeeded && closing.aborted) {
    releaseAttempt(store, secret, owner)
  } else if (isTest) {
    endTest(store, secret, due.versionId, now)
  } else if (!succeeded) {
    retryLater(store, secret, now)
  } else if (!completeRotation(store, secret, due.versionId, now)) {
    report(context, due, 'finishSecret', new FunctionError('RotationIncomplete'))
    retryLater(store, secret, now)
  }
}

function report (
  { onRotationStep }: AttemptContext, { accountId, region, arn, versionId }: DueAttempt, step: Step, error?: unknown
): void {
  const event = { accountId, region, arn, versionId, step }
  onRotationStep(error === undefined ? event : { ...event, error: error instanceof Error ? error.name : 'Error' })
}
