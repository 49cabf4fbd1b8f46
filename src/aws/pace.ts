import { AsyncLocalStorage } from 'node:async_hooks'
import { requestQuotas } from '#src/aws-model/limits'
import { createLane, type Lane } from './lane.ts'
import { problemFrom } from './errors.ts'
import type { SecretsManager } from './types.ts'

/** Gives the lane in which an operation's calls take their turns. */
export type Pace = (operation: string) => Lane

/** The pace of a credential in a region: AWS counts for each account and region. */
export type Paces = (credentialId: string, region: string) => Pace

/**
 * The paces of this process, for all of its requests and configurations.
 *
 * @param share the part of AWS's quotas that the process may use
 */
export function createPaces (share: () => number): Paces {
  const paces = new Map<string, Pace>()
  return (credentialId, region) => {
    const key = `${credentialId} ${region}`
    const pace = paces.get(key) ?? createPace(share)
    paces.set(key, pace)
    return pace
  }
}

const leastQuota = Math.min(...requestQuotas.map(({ perSecond }) => perSecond))

function createPace (share: () => number): Pace {
  const lanes = new Map(requestQuotas.flatMap(({ perSecond, operations }) => {
    const lane = createLane(() => perSecond * share())
    return operations.map((operation) => [operation as string, lane])
  }))
  // An operation that AWS has added since.
  const other = createLane(() => leastQuota * share())
  return (operation) => lanes.get(operation) ?? other
}

const background = new AsyncLocalStorage<AbortSignal>()

/**
 * Does something whose calls of AWS let those of others go first. What AWS throttles is tried again for long: nobody waits for a
 * single call of it.
 *
 * @param signal ends the patience
 */
export const inBackground = <T>(signal: AbortSignal, work: () => T): T => background.run(signal, work)

/** Tries of a call in the background before the SDK hears of it. Each waits its turn, and the turns get rarer. */
const maximumTries = 20

/** What the SDK tells of a call. */
interface Context {
  commandName?: string
}

/** Has a client's calls, each try of them, wait for their turn; and slows down where AWS throttles all the same. */
export function keepPace ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>, pace: Pace): void {
  const inTurn = <Args, Result>(next: (args: Args) => Promise<Result>, { commandName = '' }: Context) => {
    const lane = pace(commandName.replace(/Command$/, ''))
    return async (args: Args): Promise<Result> => {
      const signal = background.getStore()
      for (let tries = 1; ; tries++) {
        await lane.turn(signal !== undefined)
        try {
          return await next(args)
        } catch (error) {
          if (!isThrottling(error)) throw error
          lane.slowDown()
          if (signal === undefined || signal.aborted || tries === maximumTries) throw error
        }
      }
    }
  }
  // Inside the retries, and before a signature that would grow old while it waits.
  middlewareStack.addRelativeTo(inTurn, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'pace' })
}

const isThrottling = (error: unknown): boolean =>
  error instanceof Error && problemFrom(error, { operation: '', credentialId: '' }).code === 'aws-throttled'
