import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySerializerCompiler } from 'fastify'
import { getOrCreate } from '#src/collections/get-or-create'

type Compiler = FastifySerializerCompiler<unknown>

/**
 * Creates a serializer compiler that compiles equal schemas only once. A route declares a schema for each of about fifteen
 * statuses. Nearly all of these schemas are equal, because they describe a problem.
 *
 * @param shared the schemas that other schemas refer to, each with an `$id`
 */
export function serializerCompiler (shared: readonly { readonly $id?: string }[]): Compiler {
  const compile = SerializerSelector()(Object.fromEntries(shared.map((schema) => [schema.$id ?? '', schema])))
  const compiled = new Map<string, ReturnType<Compiler>>()
  return (route) => getOrCreate(compiled, JSON.stringify(route.schema), () => compile({ ...route, httpStatus: route.httpStatus ?? '' }))
}

/** Makes a compiler postpone its work until the first reply, so that the gateway starts faster. */
export const compileSerializersLater = (compile: Compiler): Compiler => (route) => {
  let serialize: ReturnType<Compiler> | undefined
  return (reply) => {
    serialize ??= compile(route)
    return serialize(reply)
  }
}
