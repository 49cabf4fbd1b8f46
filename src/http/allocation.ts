import { setFlagsFromString } from 'node:v8'

/**
 * Makes V8 allocate all new objects in the young generation. Call it once, before the server starts.
 *
 * By default V8 "pretenures": it allocates objects directly in the old generation if earlier objects from the same line of code
 * lived long. What the gateway builds while it starts (routes, schemas, policies) lives as long as the process, so V8 would also
 * pretenure the objects of each request. Those are soon garbage, but keep everything that they refer to in memory until the next
 * full collection. Without this flag, garbage collection took a quarter of the CPU time (bench/floor.ts).
 */
export const allocateYoung = (): void => { setFlagsFromString('--no-allocation-site-pretenuring') }
