import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * The folder in which Node.js stores compiled code. Node.js does not verify what it finds there, so anybody who can write to the
 * folder can run code in the gateway. It is therefore beside the code, with the same permissions, and not among the temporary
 * files.
 */
const compiled = join(import.meta.dirname, '..', '.compiled')

/**
 * V8's flags:
 *
 * - All new objects are allocated in the young generation. By default V8 "pretenures": it allocates objects directly in the old
 *   generation if earlier objects from the same line of code lived long. The gateway's routes, schemas and policies are built at
 *   startup and live as long as the process. V8 would therefore also pretenure the objects of requests that come from the same
 *   lines of code. They soon become garbage, but everything that they refer to stays in memory until the next full
 *   collection. Without this flag, garbage collection took a quarter of the CPU time (bench/floor.ts).
 * - Cedar's WebAssembly is optimized only after several thousand decisions. By default, V8 begins while Cedar parses its first
 *   policy, and the optimization takes four times as long as the parsing. Decisions are cached, so few of them are made.
 */
const flags = ['--no-allocation-site-pretenuring', '--wasm-tiering-budget=1000000000'] as const

/** Sets the flags of V8. Must be called before WebAssembly is loaded. */
export function setFlags (): void {
  for (const flag of flags) setFlagsFromString(flag)
}

/**
 * Configures V8 and the cache of compiled code. Must be called before the gateway's code is loaded. If the folder is read-only,
 * Node.js uses what is there, and compiles the rest at each start.
 */
export function prepareEngine (): void {
  setFlags()
  enableCompileCache(compiled)
}

/** V8's function for a garbage collection. Only contexts that are created after the flag `--expose-gc` was set have it. */
type CollectGarbage = (options: { type: 'major', execution: 'sync', flavor: 'regular' | 'last-resort' }) => void

/**
 * Gives memory that only the start needed back to the operating system. V8 enlarges the young generation while it loads the
 * gateway, and reduces it again only in a collection that is a last resort. The collection blocks the process for about a tenth
 * of a second.
 */
export function releaseMemory (): void {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as CollectGarbage
  collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
