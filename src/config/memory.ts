import { getHeapStatistics } from 'node:v8'
import { Type, type Static } from '@sinclair/typebox'
import { closed } from '#src/schema/types'

/** The smallest budget, in bytes. A caller may use half of it, which must be enough for the longest body of a bulk create. */
const minimum = 128 * 1024 * 1024

/** The `server.memory` section of the configuration file. */
export const MemorySchema = Type.Object({
  budgetBytes: Type.Optional(Type.Integer({ minimum }))
}, closed)

/** The limits on the memory that requests and replies use. */
export interface MemoryLimits {
  /** The maximum number of bytes that all bodies, values, results and unread replies take together. */
  readonly budget: number
}

/** Fills in the defaults of the `server.memory` section: a quarter of the size to which V8's heap may grow. */
export function memoryFrom ({ budgetBytes }: Static<typeof MemorySchema>): MemoryLimits {
  return { budget: budgetBytes ?? Math.max(minimum, Math.floor(getHeapStatistics().heap_size_limit / 4)) }
}
