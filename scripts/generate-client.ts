/**
 * Writes two files from `openapi.yaml`: `src/client/schema.ts`, the types of the gateway's API, and `src/client/replies.ts`, the
 * shapes of its replies, which the client checks.
 *
 *     node scripts/generate-client.ts            writes the files
 *     node scripts/generate-client.ts --check    writes nothing; exits with 1 if a file is out of date
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import openapiTypescript, { astToString, COMMENT_HEADER, type OpenAPI3 } from 'openapi-typescript'
import { parse } from 'yaml'
import type { Shape } from '#src/client/shapes'
import { inlineComponents } from '#src/http/openapi-components'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'src', 'client')

/** Removes the error responses, which would only repeat the type `Problem` for every status of every operation. */
function withoutProblems (document: OpenAPI3): OpenAPI3 {
  const withoutErrors = (responses: object): object =>
    Object.fromEntries(Object.entries(responses).filter(([status]) => Number(status) < 400))
  const paths = Object.entries(document.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, operation]) =>
      [method, { ...operation, responses: withoutErrors((operation as { responses: object }).responses) }]))
  ] as const)
  return { ...document, paths: Object.fromEntries(paths) }
}

/** The part of a JSON Schema that a `Shape` is built from. */
interface Schema {
  $ref?: string
  type?: string
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  items?: Schema
}

/** A member whose value is undefined does not appear in the generated file. */
type Sparse<T> = { [Key in keyof T]: T[Key] | undefined }

/** Reduces a JSON Schema to a shape. */
function shapeOf ({ $ref, type, anyOf, properties, required, additionalProperties, items }: Schema): Sparse<Shape> {
  if ($ref !== undefined) return { ref: $ref.replace('#/components/schemas/', '') }
  return {
    // The alternatives are enumerations of the same type, so the first one determines it.
    type: (type === 'integer' ? 'number' : type ?? anyOf?.[0]?.type) as Shape['type'],
    properties: properties && shapesOf(properties),
    required: required && [...required].sort(),
    additionalProperties: typeof additionalProperties === 'object' ? shapeOf(additionalProperties) as Shape : undefined,
    items: items && shapeOf(items) as Shape
  }
}

const shapesOf = (schemas: Record<string, Schema>): Record<string, Shape> =>
  Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, shapeOf(schema) as Shape]))

/** Returns the shapes of an operation's JSON replies, by status. The shape is null if the reply has no JSON. */
function repliesOf ({ responses }: { responses: Record<string, { content?: Record<string, { schema: Schema }> }> }): object {
  return Object.fromEntries(Object.entries(responses).map(([status, { content }]) => {
    const schema = content?.['application/json']?.schema
    return [status, schema === undefined ? null : shapeOf(schema)]
  }))
}

function repliesFile ({ components, paths = {} }: OpenAPI3): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) =>
    [`${method.toUpperCase()} ${path}`, repliesOf(operation as Parameters<typeof repliesOf>[0])]))
  return `// scripts/generate-client.ts generated this file from openapi.yaml.

import type { Shape } from './shapes.ts'

/** The shapes that other shapes refer to. */
export const shapes: Readonly<Record<string, Shape>> = ${json(shapesOf(components?.schemas as Record<string, Schema>))}

/** The shapes of successful replies, by method and path, and then by status. The shape is null if the reply is not JSON. */
export const replies: Readonly<Record<string, Readonly<Record<string, Shape | null>>>> = ${json(Object.fromEntries(operations) as object)}
`
}

/** Formats an object with one line for each member. */
const json = (value: object): string =>
  `{\n${Object.entries(value).map(([name, member]) => `  ${JSON.stringify(name)}: ${JSON.stringify(member)}`).join(',\n')}\n}`

const { values: { check } } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
// A reference to a parameter would hide the parameter's description in editors.
const document = withoutProblems(inlineComponents(parse(await readFile(join(root, 'openapi.yaml'), 'utf8')) as OpenAPI3))
const types = await openapiTypescript(document, { alphabetize: true, defaultNonNullable: false })
const files = { 'schema.ts': COMMENT_HEADER + astToString(types), 'replies.ts': repliesFile(document) }
for (const [name, generated] of Object.entries(files)) {
  const file = join(folder, name)
  if (!check) {
    await writeFile(file, generated)
  } else if (generated !== await readFile(file, 'utf8').catch(() => undefined)) {
    console.error(`src/client/${name} is out of date with openapi.yaml: run \`npm run openapi\`, review the difference, and commit it.`)
    process.exitCode = 1
  }
}
