import { join } from 'node:path'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { parse } from 'yaml'
import { app } from '#src/app'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { arrange, documentOptions } from '#src/http/openapi'
import { inlineComponents, shareComponents, type SharedDocument } from '#src/http/openapi-components'
import { openApiYaml } from '#src/http/openapi-yaml'
import { serverOptions } from '#src/http/server-options'
import { declared } from '#test/helper'

const requestId = { schema: { type: 'string' }, description: 'The ID' }
const env = { name: 'env', in: 'path', required: true, schema: { type: 'string' } }
const location = (description: string): object => ({ Location: { schema: { type: 'string' }, description } })

const problem = (...codes: string[]): object => ({
  description: codes.join(),
  headers: { 'X-Request-Id': requestId },
  content: { 'application/problem+json': {
    schema: { $ref: '#/components/schemas/Problem' },
    examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
  } }
})

const ok = (headers: object): object => ({ description: 'ok', headers: { 'X-Request-Id': requestId, ...headers }, content: { 'text/plain': {} } })

const operation = (parameters: object[], responses: object): object => ({ parameters, responses })

/** A document whose operations share some headers, parameters and responses, and differ in others. */
const written = (): SharedDocument => ({
  components: { schemas: { Problem: {} }, examples: { 'not-found': {} } },
  paths: {
    '/a/{env}': {
      get: operation([env], { 200: ok({}), 404: problem('not-found', 'secret-not-found'), 503: problem('overloaded') }),
      post: operation([env, { ...env, description: 'another one' }], { 201: ok(location('the job')), 404: problem('not-found', 'secret-not-found') })
    },
    '/b/{env}': {
      patch: operation([{ ...env, description: 'another one' }], {}),
      get: operation([{ ...env, description: 'yet another one' }], { 201: ok(location('the secret')), 404: problem('not-found') }),
      put: operation([env], { 201: ok(location('the secret')), 204: { description: 'nothing' } }),
      delete: {}
    }
  }
})

t.test('repeated schemas become components', (t) => {
  const document = written()
  shareComponents(document)
  t.same(Object.keys(document.components ?? {}), ['schemas', 'examples', 'headers', 'parameters', 'responses'])
  t.same(document.components?.headers, { Location: { schema: { type: 'string' }, description: 'the secret' }, 'X-Request-Id': requestId })
  t.same(document.components?.parameters, { Env: env, Env2: { ...env, description: 'another one' } }, 'the rarer one has a number')
  t.same(Object.keys(document.components?.responses as object), ['NotFoundOrSecretNotFound'])
  const { get, post } = document.paths?.['/a/{env}'] ?? {}
  t.same(get?.responses?.['404'], { $ref: '#/components/responses/NotFoundOrSecretNotFound' })
  t.match(get?.responses?.['503'], { description: 'overloaded', headers: { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } } }, 'what is not repeated stays')
  t.match(post?.parameters, [{ $ref: '#/components/parameters/Env' }, { $ref: '#/components/parameters/Env2' }])
  t.match(post?.responses?.['201'], { headers: { Location: { description: 'the job' } } }, 'one that is not repeated stays')
  t.end()
})

t.test('the document keeps its meaning', (t) => {
  const document = written()
  shareComponents(document)
  t.strictSame(inlineComponents(document), written())
  t.strictSame(inlineComponents(inlineComponents(document)), written(), 'a document without shared components stays as it is')
  t.end()
})

t.test('the gateway\'s document says the same as the one in which every operation is written out', async (t) => {
  const fastify = Fastify(serverOptions('silent'))
  t.teardown(async () => fastify.close())
  // A second generator has the same routes, but shares nothing.
  await fastify.register(swagger, { ...documentOptions(), decorator: 'writtenOut' })
  await fastify.register(app, { config: liveConfig(configFrom(declared)), dataDir: join(t.testdir({}), 'data') })
  await fastify.ready()
  const writtenOut = (fastify as unknown as { writtenOut: FastifyInstance['swagger'] }).writtenOut()
  const before = JSON.parse(JSON.stringify(writtenOut)) as Required<SharedDocument>
  arrange(before.paths as Parameters<typeof arrange>[0])
  const document = fastify.swagger() as Required<SharedDocument>
  const after = JSON.parse(JSON.stringify(inlineComponents(document))) as Required<SharedDocument>
  t.strictSame(after.paths, before.paths)
  t.strictSame(after.components.schemas, before.components.schemas)
  t.ok(Object.keys(before.paths).length > 30, 'these are all routes')
  const lengths = [document, before].map((one) => JSON.stringify(one).length)
  t.ok((lengths[0] ?? 0) * 2 < (lengths[1] ?? 0), `the document is less than half as long: ${lengths.join(' and ')} characters`)
})

t.test('the routes\' own schemas stay unchanged', (t) => {
  const original = written()
  const { paths } = original
  shareComponents(original)
  t.strictSame(paths, written().paths)
  t.end()
})

t.test('references and short lists take one line in YAML', (t) => {
  const document = { a: { $ref: '#/b' }, short: ['x', 1], long: ['y'.repeat(60), 'z'.repeat(60)], nested: [{ $ref: '#/b' }, { c: [] }] }
  const yaml = openApiYaml(document)
  t.same(parse(yaml), document)
  t.match(yaml, /^a: \{ \$ref: "#\/b" \}\nshort: \[ x, 1 \]\nlong:\n {2}- y+\n {2}- z+\nnested:\n {2}- \{ \$ref: "#\/b" \}\n/)
  t.end()
})
