import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Fastify, { type RouteOptions } from 'fastify'
import t from 'tap'
import { app } from '#src/app'
import { isAction } from '#src/authorization/actions'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serializerCompiler } from '#src/http/serialization'
import { serverOptions } from '#src/http/server-options'
import { compileValidator } from '#src/http/validation'
import { declared } from '#test/helper'

const root = join(import.meta.dirname, '..', '..')

interface Schema {
  operationId?: string
  summary?: string
  description?: string
  tags?: string[]
  params?: object
  querystring?: { additionalProperties?: boolean }
  headers?: object
  body?: { additionalProperties?: boolean, anyOf?: { additionalProperties?: boolean }[] }
  response?: Record<string, unknown>
}

/** Every route: method, path, operation ID, action. */
const table = [
  ['GET', '/auth', 'listWaysToLogIn', 'Public'],
  ['GET', '/auth/aws/credentials', 'getAwsKeys', 'Own'],
  ['GET', '/auth/caller', 'describeCaller', 'Own'],
  ['GET', '/ping', 'pingAgent', 'Public'],
  ['GET', '/secretsmanager/get', 'readSecretByQuery', 'GetSecretValue'],
  ['GET', '/v1/*', 'readSecretByPath', 'GetSecretValue'],
  ['POST', '/auth/aws/login', 'logInWithAws', 'Public'],
  ['GET', '/authorization/actions', 'listAllowedActions', 'Own'],
  ['POST', '/authorization/check', 'checkAuthorization', 'CheckAuthorization'],
  ['POST', '/cache/invalidations', 'invalidateCache', 'InvalidateCache'],
  ['GET', '/credentials', 'listCredentials', 'DescribeCredential'],
  ['POST', '/credentials/:id/verify', 'verifyCredential', 'VerifyCredential'],
  ['GET', '/consistency', 'compareEnvironments', 'ListSecrets'],
  ['GET', '/environments', 'listEnvironments', 'DescribeEnvironment'],
  ['GET', '/environments/:env', 'describeEnvironment', 'DescribeEnvironment'],
  // Further actions depend on the request. This action is always required.
  ['POST', '/environments/:env/aws', 'callAws', 'DescribeEnvironment'],
  ['POST', '/environments/:env/aws/', 'callAws', 'DescribeEnvironment'],
  ['GET', '/environments/:env/posture', 'assessPosture', 'AssessPosture'],
  ['POST', '/environments/:env/promotions', 'promoteSecrets', 'PromoteSecret'],
  ['GET', '/environments/:env/random-password', 'getRandomPassword', 'GetRandomPassword'],
  ['GET', '/environments/:env/secrets', 'listSecrets', 'ListSecrets'],
  ['POST', '/environments/:env/secrets', 'bulkCreateSecrets', 'CreateSecret'],
  ['DELETE', '/environments/:env/secrets/:name', 'deleteSecret', 'DeleteSecret'],
  ['GET', '/environments/:env/secrets/:name', 'readSecret', 'GetSecretValue'],
  ['PATCH', '/environments/:env/secrets/:name', 'updateSecret', 'UpdateSecret'],
  ['POST', '/environments/:env/secrets/:name', 'createSecret', 'CreateSecret'],
  ['PUT', '/environments/:env/secrets/:name', 'putSecret', 'PutSecretValue'],
  ['GET', '/environments/:env/secrets/:name/metadata', 'describeSecret', 'DescribeSecret'],
  ['DELETE', '/environments/:env/secrets/:name/policy', 'deletePolicy', 'DeleteResourcePolicy'],
  ['GET', '/environments/:env/secrets/:name/policy', 'readPolicy', 'GetResourcePolicy'],
  ['PUT', '/environments/:env/secrets/:name/policy', 'putPolicy', 'PutResourcePolicy'],
  ['POST', '/environments/:env/secrets/:name/policy/validate', 'validatePolicy', 'ValidateResourcePolicy'],
  ['GET', '/environments/:env/secrets/:name/references', 'listReferences', 'DescribeSecret'],
  ['DELETE', '/environments/:env/secrets/:name/replicas', 'removeReplicas', 'RemoveRegionsFromReplication'],
  ['PUT', '/environments/:env/secrets/:name/replicas', 'replicateSecret', 'ReplicateSecretToRegions'],
  ['POST', '/environments/:env/secrets/:name/replicas/promote', 'promoteReplica', 'StopReplicationToReplica'],
  ['POST', '/environments/:env/secrets/:name/restore', 'restoreSecret', 'RestoreSecret'],
  ['POST', '/environments/:env/secrets/:name/rollback', 'rollBackSecret', 'UpdateSecretVersionStage'],
  ['DELETE', '/environments/:env/secrets/:name/rotation', 'cancelRotation', 'CancelRotateSecret'],
  ['POST', '/environments/:env/secrets/:name/rotation', 'rotateSecret', 'RotateSecret'],
  ['PUT', '/environments/:env/secrets/:name/rotation', 'setRotation', 'ConfigureRotation'],
  ['DELETE', '/environments/:env/secrets/:name/stages/:stage', 'removeStage', 'UpdateSecretVersionStage'],
  ['PUT', '/environments/:env/secrets/:name/stages/:stage', 'moveStage', 'UpdateSecretVersionStage'],
  ['DELETE', '/environments/:env/secrets/:name/tags', 'untagSecret', 'UntagResource'],
  ['PUT', '/environments/:env/secrets/:name/tags', 'tagSecret', 'TagResource'],
  ['PATCH', '/environments/:env/secrets/:name/value', 'patchValue', 'PutSecretValue'],
  ['GET', '/environments/:env/events', 'followSecrets', 'DescribeEnvironment'],
  ['GET', '/environments/:env/secrets/:name/events', 'followSecret', 'DescribeSecret'],
  ['GET', '/environments/:env/secrets/:name/versions', 'listVersions', 'ListSecretVersionIds'],
  ['POST', '/environments/:env/values', 'readSecrets', 'BatchGetSecretValue'],
  ['DELETE', '/jobs/:id', 'cancelJob', 'Own'],
  ['GET', '/jobs/:id', 'readJob', 'Own'],
  ['GET', '/jobs/:id/events', 'followJob', 'Own'],
  ['GET', '/health/live', 'isLive', 'Public'],
  ['GET', '/health/ready', 'isReady', 'Public'],
  ['GET', '/openapi.json', 'getOpenApiJson', 'Public'],
  ['GET', '/openapi.yaml', 'getOpenApiYaml', 'Public']
]

/** The POST operations without a request body. */
const withoutBody = new Set(['promoteReplica', 'restoreSecret', 'rotateSecret', 'verifyCredential'])

/** Returns all routes, except the pages, Swagger UI and those that only refuse requests. */
async function allRoutes (): Promise<RouteOptions[]> {
  const routes: RouteOptions[] = []
  const fastify = Fastify(serverOptions('silent'))
  fastify.addHook('onRoute', (route) => { routes.push(route) })
  await fastify.register(app, { config: liveConfig(configFrom(declared)) })
  await fastify.ready()
  await fastify.close()
  return routes.filter(({ method, url, config }) => method !== 'HEAD' && config?.refuses === undefined && url !== '/' && !url.startsWith('/docs'))
}

const schemaOf = ({ schema }: RouteOptions): Schema => (schema ?? {}) as Schema

t.test('the table of routes', async (t) => {
  const routes = await allRoutes()
  const found = routes.map((route) => [String(route.method), route.url, schemaOf(route).operationId ?? '', route.config?.action ?? ''])
  const byPath = (one: readonly string[], other: readonly string[]): number => `${one[1] ?? ''} ${one[0] ?? ''}` < `${other[1] ?? ''} ${other[0] ?? ''}` ? -1 : 1
  t.same(found.sort(byPath), [...table].sort(byPath))
})

t.test('every route', async (t) => {
  const routes = await allRoutes()
  for (const route of routes) {
    const schema = schemaOf(route)
    const name = `${String(route.method)} ${route.url}`
    const { action } = route.config ?? {}
    t.ok(schema.operationId && schema.summary && schema.description && schema.tags?.length === 1, `${name} is described`)
    t.ok(action === 'Public' || action === 'Own' || isAction(action), `${name} declares its action`)

    const statuses = Object.keys(schema.response ?? {})
    t.ok(statuses.some((status) => status.startsWith('2')), `${name} has a schema for its success`)
    const speaksAws = route.config?.speaksAws === true
    const expected = speaksAws ? ['400', '413', '500', '503'] : action === 'Public' ? ['400', '500'] : ['400', '401', '500']
    if (route.url.includes(':env') && !speaksAws && route.url !== '/environments/:env') expected.push('403', '404', '422', '502', '503', '504')
    if (route.url.includes(':name')) expected.push('414')
    if (schema.body !== undefined) expected.push('413', '415')
    // A route with its own problem format also has the statuses of the protocol that it speaks.
    if (route.config?.problemFormat === undefined) t.same(expected.filter((status) => !statuses.includes(status)), [], `${name} has schemas for its errors`)

    const takesBody = ['POST', 'PUT', 'PATCH'].includes(String(route.method)) && !withoutBody.has(schema.operationId ?? '')
    t.equal(schema.body !== undefined, takesBody, `${name} has a schema for its body`)
    const bodies = schema.body?.anyOf ?? (schema.body === undefined ? [] : [schema.body])
    // Merge patches and tags may have any keys. AWS ignores members that its model does not contain.
    const isOpen = ['callAws', 'patchValue', 'tagSecret'].includes(schema.operationId ?? '')
    t.ok(isOpen || bodies.every(({ additionalProperties }) => additionalProperties === false), `${name} takes no unknown field`)
    if (action !== 'Public') t.equal(schema.querystring?.additionalProperties, false, `${name} takes no unknown parameter`)
    t.same([...route.url.replace('*', ':secretId').matchAll(/:(\w+)/g)].map(([, parameter]) => parameter), Object.keys((schema.params as { properties?: object } | undefined)?.properties ?? {}), `${name} has a schema for its path`)
  }
})

t.test('the schemas of every route compile, although the gateway compiles them only at the first request and reply', async (t) => {
  const fastify = Fastify(serverOptions('silent'))
  t.teardown(async () => fastify.close())
  let serializer: ReturnType<typeof serializerCompiler> | undefined
  fastify.addHook('onRoute', (route) => {
    route.validatorCompiler = compileValidator
    route.serializerCompiler = (schema) => (serializer ??= serializerCompiler(Object.values(fastify.getSchemas()) as { $id?: string }[]))(schema)
  })
  await fastify.register(app, { config: liveConfig(configFrom(declared)) })
  await t.resolves(async () => fastify.ready())
  t.ok(serializer)
})

t.test('every route has a test file at the matching path that names the operation', async (t) => {
  const files = (await readdir(join(root, 'routes'), { recursive: true })).filter((file) => file.endsWith('.ts') && !file.endsWith('autohooks.ts'))
  const tested: string[] = []
  for (const file of files) {
    const source = await readFile(join(root, 'routes', file), 'utf8')
    const test = await readFile(join(root, 'test', 'routes', file.replace(/\.ts$/, '.test.ts')), 'utf8')
    for (const [, operationId = ''] of source.matchAll(/operationId: '(\w+)'/g)) {
      t.ok(test.includes(operationId), `${file}: ${operationId}`)
      tested.push(operationId)
    }
  }
  t.same(tested.sort(), [...new Set(table.map(([, , operationId = '']) => operationId))].sort())
})
