import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SharedSettings } from '#src/shared/settings'
import { freePort } from './free-port.ts'
import type { Ending } from './teardown.ts'
import { until } from './until.ts'

/**
 * The path of redis-server or valkey-server, which the environment variable `REDIS_SERVER` can name. If the program is missing,
 * the tests fail if the variable is set, and are skipped otherwise.
 */
const program = process.env.REDIS_SERVER ?? '/usr/bin/redis-server'
const isMissing = process.env.REDIS_SERVER === undefined && !existsSync(program)

/** The option `skip` of the tests that need a server. */
export const skip = isMissing ? 'redis-server is not installed; REDIS_SERVER can specify its path' : false

/** A server that runs for a single test. */
export interface TestRedis {
  readonly url: string
  readonly port: number
  /** Ends the server and loses its data. */
  readonly stop: () => Promise<void>
  /** Starts a server on the same port. */
  readonly start: () => Promise<void>
  /** Makes the server hang: it keeps its connections and its data, but does not reply. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Sends a command, given as its words, on a separate connection. Returns the raw reply of the protocol. */
  readonly command: (...words: readonly string[]) => Promise<string>
}

/** Starts a server without persistence, which runs until the test ends. @param options added to its command line */
export async function startRedis (t: Ending, ...options: readonly string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'))
  const port = await freePort()
  let server: ChildProcess | undefined

  const command = async (...words: readonly string[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.end(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).toString()
    } finally {
      socket.destroy()
    }
  }

  const start = async (): Promise<void> => {
    const own = spawn(program, [
      '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no', ...options
    ], { stdio: 'ignore' })
    server = own
    await once(own, 'spawn')
    await until(async () => own.exitCode !== null || command('PING').then((reply) => reply !== '', () => false), 20)
    if (own.exitCode !== null) throw new Error(`redis-server ended with ${own.exitCode}`)
  }

  const stop = async (): Promise<void> => {
    if (server?.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }

  t.teardown(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    start,
    freeze () { server?.kill('SIGSTOP') },
    thaw () { server?.kill('SIGCONT') },
    command
  }
}

/** Settings for a server. Their time limit is long, because a busy machine must not make a test fail. */
export const settingsFor = ({ port }: Pick<TestRedis, 'port'>, change: Partial<SharedSettings> = {}): SharedSettings => ({
  host: '127.0.0.1', port, database: 0, tls: false, key: Buffer.alloc(32, 'k'), fleet: 'test', timeout: 1_000, replicas: 3, ...change
})
