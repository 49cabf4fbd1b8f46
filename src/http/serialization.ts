import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySerializerCompiler } from 'fastify'

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
    compile ??= SerializerSelector()(schemas())
    const key = JSON.stringify(route.schema)
    const serializer = compiled.get(key) ?? compile({ ...route, httpStatus: route.httpStatus ?? '' })
    compiled.set(key, serializer)
    return serializer
  }
}
