import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySerializerCompiler } from 'fastify'
import { getOrCreate } from '#src/collections/get-or-create'

type Compiler = ReturnType<ReturnType<typeof SerializerSelector>>

/**
 * Creates a serializer compiler that compiles equal schemas only once. A route declares a schema for each of about fifteen
 * statuses. Nearly all of these schemas are equal, because they describe a problem.
 *
 * @param schemas returns the shared schemas that other schemas refer to; called when the first schema is compiled
 */
export function serializerCompiler (schemas: () => Record<string, unknown>): FastifySerializerCompiler<unknown> {
  const compiled = new Map<string, ReturnType<Compiler>>()
  let compile: Compiler | undefined
  return (route) => {
    const serializerOf = compile ??= SerializerSelector()(schemas())
    return getOrCreate(compiled, JSON.stringify(route.schema), () => serializerOf({ ...route, httpStatus: route.httpStatus ?? '' }))
  }
}
