import { setTimeout as delay } from 'node:timers/promises'
import type { Monotonic } from '#src/clock'
import { failureOf, isUnknownScript, unavailable, type Failure, type Outage } from './failures.ts'
import { openSession, type Session } from './session.ts'
import type { SharedSettings } from './settings.ts'
import { within } from './time-limit.ts'

/** Sends a command, and returns the server's reply. */
export type Send = (command: readonly string[]) => Promise<unknown>

/** A connection to the server, which is reopened whenever it is lost. */
export interface Connection {
  /** False if commands would be refused at once. */
  readonly isUp: () => boolean
  /**
   * Sends a command. Waits no longer than the time limit, and fails at once while the server can't be used. After a failure, the
   * command may have been carried out, or may still be carried out.
   *
   * @throws Problem `shared-state-unavailable`
   * @throws Error if the command runs a script that the server does not know
   */
  readonly send: Send
  /** Resolves when the first attempt to connect has ended, whether or not it was successful. */
  readonly firstAttempt: Promise<void>
  readonly close: () => void
}

/** The settings and the callbacks of a connection. */
export interface ConnectionOptions {
  /** Returns the current settings. A session keeps those that it was opened with. */
  readonly settings: () => SharedSettings
  readonly channels: readonly string[]
  readonly onMessage: (channel: string, text: string) => void
  /**
   * Called when a session has been opened, before anything else uses it. Must send a write, so that a server that refuses writes
   * counts as unusable. If it rejects, the session ends.
   */
  readonly onOpen: (send: Send) => Promise<unknown>
  /**
   * Called when the server can be used again. `isNew` is true if messages may have been missed. Not called after an interruption
   * that was too short to be reported with `onDown`.
   */
  readonly onUp: (isNew: boolean) => void
  /** Called when the server becomes unusable, and if the first attempt to connect fails. */
  readonly onDown: (outage: Outage) => void
  readonly onCommand: (seconds: number, failure?: Failure) => void
  readonly monotonic: Monotonic
  /** Resolves when the connection may be opened; defaults to now. */
  readonly after?: Promise<unknown>
  /** Returns a random number from 0 to 1. See `pauseAfter`. */
  readonly random?: () => number
}

/** The time limits, in milliseconds, for opening a session, and for a reply of a silent server, before the session is ended. */
export const timeouts = { connecting: 2_000, silent: 5_000 } as const

/** The pauses between attempts to connect, and between probes of a slow server, in milliseconds. */
const pauses = { first: 100, longest: 2_000, probe: 100 } as const

/**
 * Returns how long to wait before another attempt to connect, in milliseconds.
 *
 * @param failures the number of attempts that have failed since the last session
 * @param random from 0 to 1; it spreads the attempts of several replicas
 */
export const pauseAfter = (failures: number, random: number): number =>
  Math.min(pauses.longest, pauses.first * 2 ** failures) * (0.5 + random / 2)

/** The maximum number of commands that wait for replies. */
const maximumInFlight = 1_000

/** Opens a connection, and keeps it open. */
export function createConnection (options: ConnectionOptions): Connection {
  const { settings, channels, onMessage, onOpen, onUp, onDown, onCommand, monotonic } = options
  const { after = Promise.resolve(), random = Math.random } = options
  const stop = new AbortController()
  const isClosed = (): boolean => stop.signal.aborted
  let session: Session | undefined
  /** True while the session accepts commands. */
  let isUsable = false
  let reported: Outage | 'up' | undefined
  let inFlight = 0

  function reportDown (outage: Outage): void {
    if (!isClosed() && (reported === undefined || reported === 'up')) onDown(outage)
    reported = outage
  }

  function resume (isNew: boolean): void {
    isUsable = true
    if (isNew || reported !== 'up') onUp(isNew)
    reported = 'up'
  }

  const sendIn = (current: Session): Send => async (command) => {
    const start = monotonic()
    inFlight += 1
    try {
      const reply = await within(settings().timeout, current.send(command))
      onCommand((monotonic() - start) / 1_000)
      return reply
    } catch (error) {
      if (isUnknownScript(error)) throw error
      const failure = failureOf(error)
      onCommand((monotonic() - start) / 1_000, failure)
      if (failure === 'slow') void recover(current)
      else if (failure !== 'refused') current.end()
      throw unavailable(failure)
    } finally {
      inFlight -= 1
    }
  }

  /** Waits until a slow server replies in time again. Meanwhile, no commands are sent. Ends the session if no reply comes. */
  async function recover (current: Session): Promise<void> {
    if (!isUsable || session !== current) return
    isUsable = false
    const { timeout } = settings()
    while (session === current) {
      const start = monotonic()
      const notice = setTimeout(() => { if (session === current) reportDown('slow') }, timeout)
      try {
        await within(timeouts.silent, current.send(['PING']))
        if (session !== current) return
        if (monotonic() - start <= timeout) {
          resume(false)
          return
        }
        await delay(pauses.probe, undefined, { signal: stop.signal })
      } catch {
        current.end()
        return
      } finally {
        clearTimeout(notice)
      }
    }
  }

  /** Opens a session, and resolves with it when it can be used. */
  async function open (onEnd: () => void): Promise<Session> {
    const opened = await openSession(settings(), timeouts.connecting, { channels, onMessage, onEnd })
    try {
      await within(timeouts.connecting, onOpen(opened.send))
    } catch (error) {
      opened.end()
      throw error
    }
    return opened
  }

  /** Opens a session, and another whenever a session ends, until the connection is closed. */
  async function keepOpen (onAttempt: () => void): Promise<void> {
    for (let failures = 0; !isClosed(); failures += 1) {
      const { promise: ended, resolve: end } = Promise.withResolvers<undefined>()
      try {
        const opened = await open(() => { end(undefined) })
        if (isClosed()) {
          opened.end()
          return
        }
        failures = 0
        session = opened
        resume(true)
        onAttempt()
        await ended
        session = undefined
        isUsable = false
        reportDown('unreachable')
      } catch (error) {
        reportDown(outageOf(error))
        onAttempt()
      }
      await delay(pauseAfter(failures, random()), undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }

  return {
    isUp: () => isUsable,
    async send (command) {
      if (session === undefined) throw unavailable('unreachable')
      if (!isUsable) throw unavailable('slow')
      if (inFlight >= maximumInFlight) throw unavailable('busy')
      return sendIn(session)(command)
    },
    firstAttempt: new Promise((resolve) => { void after.then(async () => keepOpen(resolve)) }),
    close () {
      stop.abort()
      session?.end()
    }
  }
}

const outageOf = (error: unknown): Outage => {
  const failure = failureOf(error)
  return failure === 'unusable' || failure === 'refused' ? 'unusable' : failure
}
