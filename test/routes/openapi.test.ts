import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { build } from '#test/helper'
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

t.test('the document is the one in the repository', async (t) => {
  const gateway = await build(t)
  const { json } = await gateway.send('GET', '/openapi.json', { token: null })
  const committed = parse(readFileSync(join(import.meta.dirname, '../../openapi.yaml'), 'utf8'))
  t.strictSame(json, committed, 'if it is not, run `npm run openapi`')
  const operations = (paths: Record<string, object>): string[] =>
    Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
  t.same(operations(json.paths), operations(committed.paths), 'in the same order')
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
