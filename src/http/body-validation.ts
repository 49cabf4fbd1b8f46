import { Ajv, type Options, type ValidateFunction } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import { invalidRequest, maximumErrors, type RequestError } from '#src/problems/problem'
import { beginTurn, type Turn } from '#src/scheduling/turns'
import { requestErrors, type SchemaError } from './schema-errors.ts'

/** The options of the validators. They don't drop unknown fields, and don't fill in defaults. */
export const strict: Options = {
  allErrors: true,
  verbose: true,
  allowUnionTypes: true,
  addUsedSchema: false
}

/** The validator of request bodies. JSON has types, so nothing is coerced. */
const ajv = new Ajv(strict)

/** A list with more items than this is validated item by item. */
const longList = 100

interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly maxItems?: number
  readonly anyOf?: readonly Schema[]
}

/** The validator of the items of a list. */
interface List { readonly name: string, readonly validate: ValidateFunction }

/**
 * Compiles the schema of a route's body. The items of its long lists are validated one by one, so that other work can run in
 * between, and validation can stop at the maximum number of errors in a reply.
 */
export const compileBodyValidator: FastifySchemaCompiler<object> = ({ schema }) => {
  const lists = listsIn(schema).map(([name, items]): List => ({ name, validate: ajv.compile(items) }))
  const validate = ajv.compile(withoutItems(schema))
  if (lists.length === 0) return validate
  const search = async (body: unknown): Promise<true> => {
    const isItems = ({ instancePath }: SchemaError): boolean => lists.some(({ name }) => instancePath.startsWith(`/${name}/`))
    // The search for duplicates in a long list takes some milliseconds, and can't be divided into turns.
    const turn = beginTurn()
    if (isLong(body, lists)) await turn.next()
    const found = validate(body) ? [] : requestErrors('body', (validate.errors ?? []).filter((error) => !isItems(error)))
    await validateItems(body, lists, found, turn)
    if (found.length > 0) throw invalidRequest(found)
    return true
  }
  return (body: unknown) => Object.assign(search(body), awaited)
}

/**
 * Marks a promise that need not be awaited, so that the linter's rule against unawaited promises accepts it. Fastify itself
 * awaits the validator's promise, and its types require this member.
 */
const awaited = { __linterBrands: 'SafePromiseLike' } as const

/** Validates the items of lists until there are enough errors. Adds the errors to `found`. */
async function validateItems (body: unknown, lists: readonly List[], found: RequestError[], turn: Turn): Promise<void> {
  for (const { name, validate } of lists) {
    for (const [index, item] of listOf(body, name).entries()) {
      if (found.length >= maximumErrors) return
      if (turn.isOver()) await turn.next()
      if (validate(item)) continue
      const errors = (validate.errors ?? []).map((error) => ({ ...error, instancePath: `/${name}/${index}${error.instancePath}` }))
      for (const error of requestErrors('body', errors)) found.push(error)
    }
  }
}

const isLong = (body: unknown, lists: readonly List[]): boolean => lists.some(({ name }) => listOf(body, name).length > longList)

/** Returns the list that is a member of a body, or an empty list if the body has no such list. */
function listOf (body: unknown, name: string): readonly unknown[] {
  const member = (Object(body) as Record<string, unknown>)[name]
  return Array.isArray(member) ? member : []
}

/** Returns the names of the body's members that may be long lists, and the schemas of their items. */
function listsIn ({ properties = {}, anyOf = [] }: Schema): [string, Schema][] {
  const own = Object.entries(properties).flatMap(([name, { items, maxItems = 0 }]): [string, Schema][] =>
    items !== undefined && maxItems > longList ? [[name, items]] : [])
  return [...own, ...anyOf.flatMap(listsIn)]
}

/**
 * Returns the schema of a body in which the items of long lists are reduced to their types. The types are kept, because they let
 * Ajv search for duplicates in linear time.
 */
function withoutItems (schema: Schema): Schema {
  const lists = listsIn(schema).map(([name]) => name)
  if (lists.length === 0) return schema
  const { properties = {}, anyOf } = schema
  const reduced = Object.entries(properties).map(([name, member]): [string, Schema] =>
    lists.includes(name) ? [name, { ...member, items: typeOnly(member.items) }] : [name, member])
  return {
    ...schema,
    ...(reduced.length > 0 && { properties: Object.fromEntries(reduced) }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(withoutItems) })
  }
}

const typeOnly = ({ type }: Schema = {}): Schema => type === undefined ? {} : { type }
