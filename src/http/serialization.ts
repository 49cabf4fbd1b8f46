import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySerializerCompiler } from 'fastify'
import { getOrCreate } from '#src/collections/get-or-create'
import { LongReply } from './long-reply.ts'

type Compiler = FastifySerializerCompiler<unknown>

type Route = Parameters<Compiler>[0]
type Serialize = ReturnType<Compiler>

interface ObjectSchema {
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, { readonly items?: object }>>
  readonly required?: readonly string[]
}

/** A reply with more items than this is serialized item by item. */
const longList = 10

/**
 * Creates a serializer compiler that compiles equal schemas only once. A route declares a schema for each of about fifteen
 * statuses. Nearly all of these schemas are equal, because they describe a problem.
 *
 * The serializer of a reply with `items` returns a `LongReply` if there are many. Fastify passes it on to the reply steps.
 *
 * @param shared the schemas that other schemas refer to, each with an `$id`
 */
export function serializerCompiler (shared: readonly { readonly $id?: string }[]): Compiler {
  const byId = Object.fromEntries(shared.map((schema) => [schema.$id ?? '', schema]))
  const select = SerializerSelector()(byId)
  const compile = (route: Route, schema: unknown): Serialize => select({ ...route, schema, httpStatus: route.httpStatus ?? '' })
  const compiled = new Map<string, Serialize>()

  function compileRoute (route: Route): Serialize {
    const serialize = compile(route, route.schema)
    const schema = route.schema as ObjectSchema
    const { properties: { items: list, ...properties } = {}, required = [] } = (byId[schema.$ref?.slice(0, -1) ?? ''] ?? schema) as ObjectSchema
    if (list?.items === undefined) return serialize
    const serializeItem = compile(route, list.items)
    const serializeRest = compile(route, { type: 'object', properties, required: required.filter((name) => name !== 'items') })
    return (reply) => {
      const { items } = reply as { items?: readonly unknown[] }
      if (items === undefined || items.length <= longList) return serialize(reply)
      return new LongReply(items, serializeItem, serializeRest(reply)) as unknown as string
    }
  }

  return (route) => getOrCreate(compiled, JSON.stringify(route.schema), () => compileRoute(route))
}

/** Makes a compiler postpone its work until the first reply, so that the gateway starts faster. */
export const compileSerializersLater = (compile: Compiler): Compiler => (route) => {
  let serialize: ReturnType<Compiler> | undefined
  return (reply) => {
    serialize ??= compile(route)
    return serialize(reply)
  }
}
