import { randomUUID } from 'node:crypto'
import type { Monotonic } from '#src/clock'
import { getOrCreate } from '#src/collections/get-or-create'
import { createConnection, type Connection, type ConnectionOptions, type Send } from './connection.ts'
import { isUnknownScript } from './failures.ts'
import { createNames, type Names } from './names.ts'
import { beat, countReplicas, presence } from './presence.ts'
import type { Script } from './script.ts'
import type { SharedSettings } from './settings.ts'

/** The channels of a fleet. Every session subscribes to all of them. */
const channels = ['invalidations'] as const

export type Channel = (typeof channels)[number]

/** The state that several replicas share. It must never contain a secret's value or a token, or anything that reveals one. */
export interface Shared extends Names {
  /** Identifies this process for as long as it runs. */
  readonly replicaId: string
  /** Returns the number of replicas, as last known. */
  readonly replicas: () => number
  /** False while all commands would be refused at once. */
  readonly isUp: Connection['isUp']
  /** Sends a command. @throws Problem `shared-state-unavailable`, never later than the time limit */
  readonly send: Send
  /** Runs a script as one atomic step. @throws Problem `shared-state-unavailable` */
  readonly run: (script: Script, keys: readonly string[], args?: readonly (string | number)[]) => Promise<unknown>
  /** Sends a message to all replicas, including this one. @throws Problem `shared-state-unavailable` */
  readonly publish: (channel: Channel, message: string) => Promise<void>
  /** Calls a function with each message of the fleet. Messages from elsewhere are dropped. */
  readonly onMessage: (channel: Channel, listener: (message: string) => void) => void
  /**
   * Calls a function whenever the server becomes usable, and immediately if it is usable already. `isNew` is true if messages may
   * have been missed. Does not call it if `isUp` was false only for a moment, because a single command was late.
   */
  readonly onUp: (listener: (isNew: boolean) => void) => void
  /** Resolves when the first attempt to connect has ended, whether or not it was successful. */
  readonly firstAttempt: Promise<void>
  readonly close: () => Promise<void>
}

export interface SharedOptions extends Pick<ConnectionOptions, 'settings' | 'onDown' | 'onCommand' | 'after' | 'random'> {
  readonly onUp: () => void
  /** Called with each message that was not sent by a replica with the same key. */
  readonly onForeignMessage: () => void
  readonly monotonic: Monotonic
}

/** Connects to the shared state, and reports that this replica is alive. */
export function createShared ({ settings, onUp, onForeignMessage, monotonic, ...rest }: SharedOptions): Shared {
  const initial: SharedSettings = settings()
  const names = createNames(initial)
  const replicaId = randomUUID()
  const count = countReplicas(initial.replicas, monotonic)
  const listeners = new Map<string, ((message: string) => void)[]>()
  const upListeners: ((isNew: boolean) => void)[] = []
  const presenceKey = names.key('replicas')
  let isClosed = false

  const reportPresence = async (send: Send): Promise<void> => {
    if (isClosed) return
    count.learn(Number(await runIn(send)(beat, [presenceKey], [replicaId, presence.lifetime])))
  }

  const connection = createConnection({
    settings,
    channels: channels.map((channel) => names.key(channel)),
    onMessage (channel, text) {
      const message = names.verified(channel, text)
      if (message === undefined) onForeignMessage()
      else for (const listener of listeners.get(channel) ?? []) listener(message)
    },
    async onOpen (send) {
      count.restart()
      await reportPresence(send)
    },
    onUp (isNew) {
      onUp()
      for (const listener of upListeners) listener(isNew)
    },
    monotonic,
    ...rest
  })
  const timer = setInterval(() => { reportPresence(connection.send).catch(() => undefined) }, presence.every)

  return {
    ...names,
    replicaId,
    replicas: count.current,
    isUp: connection.isUp,
    send: connection.send,
    run: runIn(connection.send),
    async publish (channel, message) {
      const name = names.key(channel)
      await connection.send(['PUBLISH', name, names.signed(name, message)])
    },
    onMessage (channel, listener) { getOrCreate(listeners, names.key(channel), () => []).push(listener) },
    onUp (listener) {
      upListeners.push(listener)
      if (connection.isUp()) listener(true)
    },
    firstAttempt: connection.firstAttempt,
    async close () {
      isClosed = true
      clearInterval(timer)
      await connection.send(['ZREM', presenceKey, replicaId]).catch(() => undefined)
      connection.close()
    }
  }
}

const runIn = (send: Send): Shared['run'] => async ({ text, hash }, keys, args = []) => {
  const rest = [String(keys.length), ...keys, ...args.map(String)]
  try {
    return await send(['EVALSHA', hash, ...rest])
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return send(['EVAL', text, ...rest])
  }
}
