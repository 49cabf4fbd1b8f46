import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { inlineComponents } from '#src/http/openapi-components'
import { build } from '#test/helper'
import { builtGateway } from '../../scripts/built-gateway.ts'
import packageJson from '../../package.json' with { type: 'json' }

t.test('getOpenApiJson and getOpenApiYaml return the same document', async (t) => {
  const gateway = await build(t)
  const json = await gateway.send('GET', '/openapi.json', { token: null })
  const yaml = await gateway.send('GET', '/openapi.yaml', { token: null })
  t.equal(json.json.openapi, '3.1.0')
  t.equal(json.json.info.version, packageJson.version)
  t.equal(yaml.headers.get('content-type'), 'application/yaml')
  t.same(parse(yaml.text), json.json)
  const schemas = Object.keys(json.json.components.schemas)
  t.ok(['BulkCreateReply', 'Environment', 'Job', 'Problem', 'SecretMetadata', 'SecretValue'].every((name) => schemas.includes(name)), 'schemas have names that are suitable for generated types')
})

t.test('for generators of clients, each operation has one response for all problems', async (t) => {
  const gateway = await build(t)
  const read = async (path: string): Promise<Documented> => (await gateway.send('GET', path, { token: null })).json
  const [whole, short] = [await read('/openapi.json'), await read('/openapi.json?problems=default')]
  const yaml = await gateway.send('GET', '/openapi.yaml?problems=default', { token: null })
  t.same(parse(yaml.text), short)
  t.same(Object.keys(short.paths), Object.keys(whole.paths))
  t.same(Object.keys(short.paths['/environments/{env}/secrets/{name}']?.get?.responses ?? {}), ['200', '304', 'default'])
  t.same(short.components.responses, {
    AnyProblem: { description: 'A problem', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
  })
  t.same(short.components.schemas, whole.components.schemas)
  t.equal((await gateway.send('GET', '/openapi.json?problems=none', { token: null })).status, 400)
})

interface Documented {
  paths: Record<string, Record<string, { responses: object }>>
  components: { schemas: object, responses?: object }
}

t.test('the document is the one in the repository', async (t) => {
  const gateway = await build(t)
  const { json } = await gateway.send('GET', '/openapi.json', { token: null })
  const text = readFileSync(join(import.meta.dirname, '../../openapi.yaml'), 'utf8')
  const committed = parse(text)
  t.strictSame(json, committed, 'if it is not, run `npm run openapi`')
  t.ok(text.split('\n').length < 6_000, 'what operations share is written once')
  const operations = (paths: Record<string, object>): string[] =>
    Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
  t.same(operations(json.paths), operations(committed.paths), 'in the same order')
})

interface Declared {
  description?: string
  'x-response-description'?: string
  headers?: Record<string, { description?: string }>
  content?: Record<string, { schema?: object, examples?: object }>
}

interface Described {
  operationId: string
  parameters?: { in: string, name: string, required?: boolean, description?: string }[]
  responses: Record<string, Declared>
}

/** Writes references, constants and records as the document does, and leaves out members that only TypeBox uses. */
const asDocumented = (value: unknown): unknown => JSON.parse(JSON.stringify(value)
  .replaceAll(/"\$ref":"(\w+)#"/g, '"$ref":"#/components/schemas/$1"')
  .replaceAll(/"const":("\w+")/g, '"enum":[$1]'), (_key, member: unknown) => {
  const { patternProperties, ...schema } = Object(member) as { patternProperties?: object }
  return patternProperties === undefined ? member : { ...schema, additionalProperties: Object.values(patternProperties)[0] as unknown }
})

t.test('with its references resolved, the document matches the declarations of the routes', async (t) => {
  const { document, routes } = await builtGateway()
  const { paths } = inlineComponents(document as { paths: Record<string, Record<string, Described>>, components: object })
  const operations = new Map(Object.values(paths).flatMap((path) => Object.values(path)).map((operation) => [operation.operationId, operation]))
  const visible = routes.filter(({ schema }) => schema?.operationId !== undefined && schema.hide !== true)
  t.equal(visible.length, operations.size)
  for (const { schema = {} } of visible) {
    const { operationId = '', response = {}, params, querystring, headers } = schema as Record<string, object> & { operationId?: string }
    const operation: Described = operations.get(operationId) ?? { operationId, responses: {} }
    const { responses, parameters = [] } = operation
    t.strictSame(Object.keys(responses).sort(), Object.keys(response).sort(), `${operationId}: the statuses`)
    for (const [status, declared] of Object.entries(response as Record<string, Declared>)) {
      const described = responses[status] ?? {}
      const title = `${operationId}: ${status}`
      t.equal(described.description, declared['x-response-description'] ?? declared.description, title)
      t.strictSame(described.content ?? {}, asDocumented(declared.content ?? {}), title)
      t.strictSame(Object.entries(described.headers ?? {}).map(([name, { description }]) => [name, description]),
        Object.entries(declared.headers ?? {}).map(([name, { description }]) => [name, description]), title)
    }
    const declared = Object.entries({ query: querystring, path: params, header: headers }).flatMap(([place, object = {}]) => {
      const { properties = {}, required = [] } = object as { properties?: Record<string, { description?: string }>, required?: string[] }
      return Object.entries(properties).map(([name, { description }]) => [place, name, required.includes(name), description])
    })
    const described = parameters.map(({ in: place, name, required = false, description }) => [place, name, required, description])
    t.strictSame(described.sort(), declared.sort(), `${operationId}: the parameters`)
  }
})

t.test('the document is short, because it repeats nothing', async (t) => {
  const gateway = await build(t)
  const { text } = await gateway.send('GET', '/openapi.yaml', { token: null })
  t.equal(text, readFileSync(join(import.meta.dirname, '../../openapi.yaml'), 'utf8'), 'and is the file in the repository, to the letter')
  const { paths } = parse(text) as { paths: Record<string, Record<string, { parameters?: object[], responses: Record<string, Declared> }>> }
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const problems = operations.flatMap(({ responses }) => Object.values(responses)).filter(({ content = {} }) =>
    content['application/problem+json']?.examples !== undefined)
  const written = [...operations.flatMap(({ parameters = [] }) => parameters), ...problems].map((part) => JSON.stringify(part))
    .filter((part) => !part.startsWith('{"$ref"'))
  t.ok(written.length > 10)
  t.same(written.filter((part, index) => written.indexOf(part) !== index), [])
})

/** Returns the objects in a value, with their paths. */
const objectsIn = (value: unknown, path = ''): [string, Record<string, unknown>][] => typeof value !== 'object' || value === null
  ? []
  : [[path, value as Record<string, unknown>], ...Object.entries(value).flatMap(([key, member]) => objectsIn(member, `${path}/${key}`))]

t.test('client generators understand the schemas', async (t) => {
  const gateway = await build(t)
  const { json } = await gateway.send('GET', '/openapi.json', { token: null })
  const schemas = objectsIn(json).filter(([path]) => !/\/examples?\//.test(path))
  t.ok(schemas.length > 1_000)
  const lists = schemas.filter(([path, { type }]) => Array.isArray(type) && !path.endsWith('/properties'))
  t.same(lists.map(([path]) => path), [], 'oapi-codegen takes no list of types')
  const closed = schemas.filter(([, { type, ...schema }]) =>
    type === 'object' && !['properties', 'additionalProperties', 'anyOf', 'oneOf'].some((keyword) => keyword in schema))
  t.same(closed.map(([path]) => path), [], 'openapi-typescript takes an object without declared members for an empty one')
})

t.test('Swagger UI needs no token', async (t) => {
  const gateway = await build(t)
  const page = await gateway.send('GET', '/docs', { token: null })
  t.equal(page.status, 200)
  t.match(page.text, /swagger-ui/)
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)
})
