import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setPriority } from 'node:os'
import { pinToCore } from '../pinned.ts'

/** The gateway's core, and the core that everything else shares. */
export const cores = { gateway: 0, others: 1 } as const

/** The lowest scheduling priority. It is for processes that share a core with the quiet client, so that they don't delay it. */
const lowest = 19

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout)

/** Starts another process of a benchmark, which begins its work when it gets a message. */
export async function startPart (
  file: string, part: string, args: readonly string[], core: number, isYielding = true
): Promise<ChildProcess> {
  const child = fork(file, [part, ...args])
  pinToCore(child.pid, core)
  if (isYielding && child.pid !== undefined) setPriority(child.pid, lowest)
  process.once('exit', () => { child.kill('SIGKILL') })
  const [message] = await Promise.race([once(child, 'message'), once(child, 'exit')]) as unknown[]
  if (message !== 'ready') throw new Error(`the ${part} did not start`)
  return child
}

/** Starts the gateway. Its log is discarded. @throws Error if the gateway ends before it listens */
export async function startGateway (
  env: Record<string, string>, options: readonly string[] = []
): Promise<{ url: string, child: ChildProcess }> {
  const child = spawn(process.execPath, [...options, join(import.meta.dirname, '../../src/server.ts')], {
    env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit']
  })
  process.once('exit', () => { child.kill('SIGKILL') })
  pinToCore(child.pid, cores.gateway)
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.once('exit', () => { reject(new Error('the gateway did not start')) })
    child.stdout.on('data', (chunk: Buffer) => {
      if (output.length > 10_000) return
      output += chunk.toString()
      const [, found] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  return { url, child }
}

/** Ends a process that the benchmark has started. */
export async function end (child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** Returns the seconds of processor time that a process has used. */
export function processorTime ({ pid }: { readonly pid?: number | undefined }): number {
  // The name of the process, in parentheses, may contain spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
