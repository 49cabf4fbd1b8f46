import { createRequire } from 'node:module'
import type * as Redis from '@redis/client'
import type { SharedSettings } from './settings.ts'
import { within } from './time-limit.ts'

const require = createRequire(import.meta.url)

/** One open connection to the server. It is never reopened: when it ends, another session replaces it. */
export interface Session {
  /** Sends a command, and returns the server's reply. Rejects when the session ends. */
  readonly send: (command: readonly string[]) => Promise<unknown>
  /** Ends the session. Its commands in flight are rejected. */
  readonly end: () => void
}

/** The subscriptions and the callbacks of a session. */
export interface SessionEvents {
  /** The channels to subscribe to. */
  readonly channels: readonly string[]
  readonly onMessage: (channel: string, text: string) => void
  /** Called once, when the connection is lost or `end` is called. */
  readonly onEnd: () => void
}

/**
 * Opens a session: connects, authenticates, and subscribes.
 *
 * The library is loaded at the first call, because most gateways don't need it. Its automatic reconnection, and its queue for
 * commands without a connection, are switched off, because both would hide how long a command has waited.
 *
 * @param connectTimeout the time limit for all steps together, in milliseconds; a suspended server accepts connections but never
 * replies
 * @throws Error if the server can't be reached, or refuses
 */
export async function openSession (
  settings: SharedSettings, connectTimeout: number, { channels, onMessage, onEnd }: SessionEvents
): Promise<Session> {
  const { createClient } = require('@redis/client') as typeof Redis
  const { host, port, tls, authority, username, password, database } = settings
  const address = { host, port, connectTimeout, reconnectStrategy: false } as const
  const client = createClient({
    socket: tls ? { ...address, tls, ...authority !== undefined && { ca: authority } } : address,
    ...username !== undefined && { username },
    ...password !== undefined && { password },
    database,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled'
  })
  let isOpen = false
  const end = (): void => {
    if (!isOpen) return
    isOpen = false
    client.destroy()
    onEnd()
  }
  // An `error` event without a listener would end the process.
  client.on('error', end)
  const open = async (): Promise<void> => {
    await client.connect()
    await client.subscribe([...channels], (text, channel) => { onMessage(channel, text) })
  }
  try {
    await within(connectTimeout, open())
    if (!client.isReady) throw new Error('the connection was lost')
  } catch (error) {
    client.destroy()
    throw error
  }
  isOpen = true
  return { end, send: async (command) => client.sendCommand(command) }
}
