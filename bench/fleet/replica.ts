import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Ending } from '#test/teardown'

const server = join(import.meta.dirname, '../../src/server.ts')

/** A gateway process that can be ended and restarted on the same port. */
export interface Replica {
  readonly name: string
  readonly url: string
  /** The lines of its log that are warnings or worse, except for failed requests. */
  readonly complaints: readonly string[]
  /** The unexpected ends of the process: exit statuses or signals. */
  readonly crashes: readonly string[]
  /** The resident memory in bytes, and the number of open file descriptors. Undefined while it does not run. */
  readonly resources: () => { memory: number, descriptors: number } | undefined
  /** Sends the signal, and waits for the end of the process. Resolves to its exit status, or to null if the signal killed it. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>
  /** Starts it and waits until it listens. */
  readonly start: () => Promise<void>
}

/** Starts a replica. @param environment its environment variables, except for the data folder */
export async function startReplica (
  t: Ending, name: string, folder: string, environment: Readonly<Record<string, string>>
): Promise<Replica> {
  const complaints: string[] = []
  const crashes: string[] = []
  let child: ChildProcess | undefined
  let port = '0'

  async function start (): Promise<void> {
    const env = { PATH: process.env.PATH, ...environment, PORT: port, HOST: '127.0.0.1', GATEWAY_DATA_DIR: join(folder, name) }
    const own = spawn(process.execPath, ['--trace-warnings', server], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    child = own
    const listening = Promise.withResolvers<string>()
    own.once('exit', (status, signal) => {
      listening.reject(new Error(`${name} ended before it listened`))
      if (child === own) crashes.push(`${name} ended with ${status ?? signal}: ${complaints.at(-1) ?? ''}`)
    })
    createInterface(own.stdout).on('line', (line) => {
      const [, found] = /listening on http:\/\/[^:]+:(\d+)/.exec(line) ?? []
      if (found !== undefined) listening.resolve(found)
      if (/"level":"(?:warn|error|fatal)"/.test(line) && !line.includes('"msg":"request"')) complaints.push(line)
    })
    port = await listening.promise
  }

  async function end (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    if (child === undefined) return null
    const own = child
    child = undefined
    if (own.exitCode !== null || own.signalCode !== null) return own.exitCode
    const ended = once(own, 'exit')
    own.kill(signal)
    await ended
    return own.exitCode
  }

  t.teardown(async () => end('SIGKILL'))
  // Kills the process even if the program fails before the teardown.
  process.once('exit', () => { child?.kill('SIGKILL') })
  await start()
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    complaints,
    crashes,
    resources () {
      if (child?.pid === undefined) return undefined
      const [, kibibytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      return { memory: Number(kibibytes) * 1_024, descriptors: readdirSync(`/proc/${child.pid}/fd`).length }
    },
    end,
    start
  }
}
