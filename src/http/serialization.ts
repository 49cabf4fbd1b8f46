import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySerializerCompiler } from 'fastify'
import { getOrCreate } from '#src/collections/get-or-create'

type Compiler = ReturnType<ReturnType<typeof SerializerSelector>>

/**
 * Compiles a schema of replies once, however many routes refer to it: a route has some fifteen statuses, and nearly all of their
 * schemas are the same problem.
 *
 * @param schemas gives the schemas that others refer to; called when the first is compiled
 */
export function serializerCompiler (schemas: () => Record<string, unknown>): FastifySerializerCompiler<unknown> {
  const compiled = new Map<string, ReturnType<Compiler>>()
  let compile: Compiler | undefined
  return (route) => {
    const serializerOf = compile ??= SerializerSelector()(schemas())
    return getOrCreate(compiled, JSON.stringify(route.schema), () => serializerOf({ ...route, httpStatus: route.httpStatus ?? '' }))
  }
}
