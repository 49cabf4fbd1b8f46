import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * The folder in which Node.js stores compiled code. Node.js does not verify the folder's content, so anybody who can write to the
 * folder can run code in the gateway. Therefore it is beside the code, with the same permissions, instead of among the temporary
 * files.
 */
const compiled = join(import.meta.dirname, '..', '.compiled')

/**
 * V8's flags:
 *
 * - All new objects are allocated in the young generation. By default V8 "pretenures": it allocates objects directly in the old
 *   generation if earlier objects from the same line of code lived long. The gateway's routes, schemas and policies are built at
 *   startup and live as long as the process. So V8 would also pretenure the objects that the same lines of code allocate for
 *   requests. These soon become garbage, but everything that they refer to stays in memory until the next full collection.
 *   Without this flag, garbage collection took a quarter of the CPU time (bench/floor.ts).
 * - Cedar's WebAssembly is optimized only after several thousand decisions. By default, V8 optimizes it while Cedar parses its
 *   first policy, which takes four times as long as the parsing. Most decisions come from the cache, so unoptimized code is fast
 *   enough.
 */
const flags = ['--no-allocation-site-pretenuring', '--wasm-tiering-budget=1000000000'] as const

/** Sets the flags of V8. Must be called before WebAssembly is loaded. */
export function setFlags (): void {
  for (const flag of flags) setFlagsFromString(flag)
}

/**
 * Configures V8 and the cache of compiled code. Must be called before the gateway's code is loaded. If the folder is read-only,
 * Node.js uses its content, and compiles all other code at each start.
 */
export function prepareEngine (): void {
  setFlags()
  enableCompileCache(compiled)
}

/** V8's function for a garbage collection. Only contexts that are created after the flag `--expose-gc` was set have it. */
type CollectGarbage = (options: { type: 'major', execution: 'sync', flavor: 'regular' | 'last-resort' }) => void

/**
 * Returns memory that only the start needed to the operating system. V8 enlarges the young generation while it loads the gateway,
 * and shrinks it only in a last-resort collection. The collection blocks the process for about a tenth of a second.
 */
export function releaseMemory (): void {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as CollectGarbage
  collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
