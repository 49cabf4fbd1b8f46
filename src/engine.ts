import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'

/**
 * The folder in which Node.js stores compiled code. Node.js trusts what it finds there, so the folder is beside the code: whoever
 * can write to it could also change the code itself. A folder for temporary files would let others on the machine run their code.
 */
const compiled = join(import.meta.dirname, '..', '.compiled')

/**
 * V8's flags:
 *
 * - All new objects are allocated in the young generation. By default V8 "pretenures": it allocates objects directly in the old
 *   generation if earlier objects from the same line of code lived long. The gateway's routes, schemas and policies are built at
 *   startup and live as long as the process. V8 would therefore also pretenure the objects of requests that come from the same
 *   lines of code. Such objects are soon garbage, but they keep everything that they refer to in memory until the next full
 *   collection. Without this flag, garbage collection took a quarter of the CPU time (bench/floor.ts).
 * - Cedar's WebAssembly is optimized only after some thousand decisions. By default, V8 begins while Cedar reads its first
 *   policy, which takes four times as long as reading it. Decisions are cached, so few of them are made.
 */
const flags = ['--no-allocation-site-pretenuring', '--wasm-tiering-budget=1000000000'] as const

/** Sets the flags of V8. Call it before WebAssembly is loaded. */
export function setFlags (): void {
  for (const flag of flags) setFlagsFromString(flag)
}

/**
 * Prepares this process for the gateway's code, before it is loaded. If the folder for compiled code can't be written, Node.js
 * still uses what is there, and compiles the rest at each start.
 */
export function prepareEngine (): void {
  setFlags()
  enableCompileCache(compiled)
}
