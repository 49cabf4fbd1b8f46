import { randomUUID } from 'node:crypto'
import { writeAndFollow } from '#src/local-backend/rules/replication'
import { abandonAttempt, completeRotation, endTest, isWanted, retryLater } from '#src/local-backend/rules/rotation-attempt'
import type { Scope } from '#src/local-backend/scope'
import { findAttempt, releaseAttempt, type DueAttempt } from '#src/local-backend/store/rotation-attempts'
import { findRotation } from '#src/local-backend/store/rotations'
import { findByArn, findById, type Secret } from '#src/local-backend/store/secrets'
import type { Store } from '#src/local-backend/store/store'
import { takeHold, type Hold } from './claim.ts'
import { FunctionError } from './function-error.ts'
import { steps, type Invocation, type Step } from './rotation-event.ts'

/** What an attempt works with. */
export interface AttemptContext {
  store: Store
  /** Milliseconds since the epoch. */
  now: () => number
  /** This process, among those that share the data folder. */
  owner: string
  /** Calls a rotation function; throws FunctionError, and the signal's reason where that ended the call. */
  invoke: (invocation: Invocation) => Promise<void>
  onRotationStep: (event: RotationStepEvent) => void
  /** Aborted when the process is to end. */
  closing: AbortSignal
}

/** A step of a rotation that was taken. */
export interface RotationStepEvent extends Scope {
  /** The secret's. */
  arn: string
  /** The version that the rotation makes. */
  versionId: string
  step: Step
  /** The error's name, where the step has failed. */
  error?: string
}

interface Work {
  secret: Secret
  functionArn: string
  isTest: boolean
  hold: Hold
}

/**
 * Claims a rotation, takes its steps, and ends it: it is complete, or will be attempted again. It does nothing where another
 * process is at it, and stops where the rotation is cancelled meanwhile.
 */
export async function attemptRotation (context: AttemptContext, due: DueAttempt): Promise<void> {
  const write = <Result>(change: (now: number) => Result): Result => {
    const now = context.now()
    return writeAndFollow({ store: context.store, now }, () => change(now))
  }
  const work = write((now) => begin(context, due, now))
  if (work === undefined) return
  try {
    const succeeded = await takeSteps(context, due, work)
    write((now) => { end(context, due, work, succeeded, now) })
  } finally {
    work.hold.stop()
  }
}

function begin ({ store, owner }: AttemptContext, { accountId, region, arn, ...due }: DueAttempt, now: number): Work | undefined {
  const secret = findByArn(store, { accountId, region }, arn, now)
  const rotation = secret && findRotation(store, secret)
  const hold = rotation && takeHold(store, secret, due.versionId, owner)
  if (secret === undefined || rotation === undefined || hold === undefined) return undefined
  const isTest = findAttempt(store, secret)?.testOnly === 1
  if (isWanted(store, secret, due.versionId)) return { secret, functionArn: rotation.functionArn, isTest, hold }
  hold.stop()
  if (isTest) endTest(store, secret, due.versionId, now)
  else if (!completeRotation(store, secret, due.versionId, now)) abandonAttempt(store, secret, now)
  return undefined
}

async function takeSteps (context: AttemptContext, due: DueAttempt, { functionArn, isTest, hold }: Work): Promise<boolean> {
  const signal = AbortSignal.any([context.closing, hold.lost])
  const isStopped = (): boolean => signal.aborted || !hold.renew()
  const rotationToken = randomUUID()
  for (const step of isTest ? ['testSecret' as const] : steps) {
    if (isStopped()) return false
    const event = { Step: step, SecretId: due.arn, ClientRequestToken: due.versionId, RotationToken: rotationToken }
    try {
      await context.invoke({ functionArn, event, signal })
      tell(context, due, step)
    } catch (error) {
      if (!isStopped()) tell(context, due, step, error)
      return false
    }
  }
  return true
}

function end (context: AttemptContext, due: DueAttempt, { isTest, hold, ...work }: Work, succeeded: boolean, now: number): void {
  const { store, owner, closing } = context
  // The steps have taken their time, in which others may have changed the secret.
  const secret = findById(store, work.secret.id)
  if (secret === undefined || !hold.renew()) return
  if (!succeeded && closing.aborted) {
    releaseAttempt(store, secret, owner)
  } else if (isTest) {
    endTest(store, secret, due.versionId, now)
  } else if (!succeeded) {
    retryLater(store, secret, now)
  } else if (!completeRotation(store, secret, due.versionId, now)) {
    tell(context, due, 'finishSecret', new FunctionError('RotationIncomplete'))
    retryLater(store, secret, now)
  }
}

function tell (
  { onRotationStep }: AttemptContext, { accountId, region, arn, versionId }: DueAttempt, step: Step, error?: unknown
): void {
  const event = { accountId, region, arn, versionId, step }
  onRotationStep(error === undefined ? event : { ...event, error: error instanceof Error ? error.name : 'Error' })
}
