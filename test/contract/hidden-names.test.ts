import t from 'tap'
import { build, embedded, policies, tokens } from '#test/helper'

/*
 * A caller may do everything in an environment, except see AWS credentials and some of the secrets. No reply may contain the ID
 * of a credential or the name of a secret that is hidden from the caller. AWS denies every call, so many replies are problems.
 */

const environment = {
  region: 'eu-west-1',
  account: '333333333333',
  credential: 'canary-default',
  allowedCredentials: ['canary-other'],
  requiredSecrets: ['canary/required', 'a']
}

const gatewayOptions = {
  environments: { dev: environment, staging: { ...environment, requiredSecrets: [] } },
  credentials: { 'canary-default': embedded('AKIAPLATFORM'), 'canary-other': embedded('AKIAPLATFORM') },
  authorization: policies(`
    @id("all") permit (principal, action, resource);
    @id("no-credentials") forbid (principal == Caller::"stranger", action, resource is Credential);
    @id("no-canary") forbid (principal == Caller::"stranger", action, resource is Secret) when { resource.name like "canary/*" };
  `)
}

const versionId = '00000000-0000-4000-8000-000000000000'

/** The request bodies of the operations that need one, keyed by `operationId`. */
const bodies: Readonly<Record<string, unknown>> = {
  checkAuthorization: { action: 'GetSecretValue', environment: 'dev', name: 'a' },
  promoteSecrets: { from: 'staging', names: ['a'] },
  bulkCreateSecrets: { secretNames: ['a'] },
  readSecrets: { names: ['a'] },
  createSecret: { value: 'v' },
  putSecret: { value: 'v' },
  updateSecret: { description: 'd' },
  putPolicy: { resourcePolicy: {} },
  validatePolicy: { resourcePolicy: {} },
  replicateSecret: { replicaRegions: [{ region: 'us-east-1' }] },
  rollBackSecret: {},
  setRotation: { automaticallyAfterDays: 30 },
  moveStage: { moveToVersionId: versionId },
  tagSecret: { team: 'a' },
  patchValue: { a: 1 }
}

const queries: Readonly<Record<string, string>> = {
  listAllowedActions: '?environment=dev&name=a',
  compareEnvironments: '?environments=dev,staging',
  removeReplicas: '?region=us-east-1',
  removeStage: `?versionId=${versionId}`,
  untagSecret: '?key=team'
}

t.test('no reply names a credential or a secret that the caller may not see', async (t) => {
  const gateway = await build(t, gatewayOptions)
  const { paths } = (await gateway.send('GET', '/openapi.json')).json as { paths: Record<string, Record<string, { operationId: string }>> }
  let denied = 0
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { operationId }] of Object.entries(methods)) {
      if (path.startsWith('/openapi')) continue
      const target = path.replace('{env}', 'dev').replace('{name}', 'a').replace('{stage}', 'BLUE').replace('{id}', 'none')
      const body = bodies[operationId]
      const { text, headers, status, json } = await gateway.send(method.toUpperCase(), `${target}${queries[operationId] ?? ''}`, {
        token: tokens.stranger,
        ...body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': operationId === 'patchValue' ? 'application/merge-patch+json' : 'application/json' } }
      })
      t.notMatch(text + JSON.stringify([...headers]), /canary|333333333333/, operationId)
      // The cache is off, so there are no events, and AWS is not called.
      const asksAws = path.includes('{env}/secrets/{name}') && operationId !== 'followSecret'
      if (asksAws) t.match({ status, json }, { status: 403, json: { code: 'aws-access-denied' } }, `${operationId}: AWS is asked`)
      if (json?.code === 'aws-access-denied') denied++
    }
  }
  t.ok(denied > 20)
})

t.test('a caller who may see the credentials and the secrets sees their names', async (t) => {
  const gateway = await build(t, gatewayOptions)
  const shown = { account: '333333333333', credential: 'canary-default', allowedCredentials: ['canary-default', 'canary-other'], requiredSecrets: ['canary/required', 'a'] }
  t.match((await gateway.send('GET', '/environments/dev')).json, shown)
  t.match((await gateway.send('GET', '/environments')).json.items[0], shown)
  t.match((await gateway.send('GET', '/environments/dev/secrets/a')).json, { detail: 'AWS denies secretsmanager:GetSecretValue to the credential canary-default.' })
})

t.test('each part of an environment requires its own permission', async (t) => {
  const gateway = await build(t, {
    ...gatewayOptions,
    authorization: policies(`
      @id("sees") permit (principal, action == Action::"DescribeEnvironment", resource);
      @id("credential") permit (principal == Caller::"reader", action == Action::"DescribeCredential", resource == Credential::"canary-other");
      @id("secret") permit (principal == Caller::"writer", action == Action::"DescribeSecret", resource == Secret::"dev/canary/required");
    `)
  })
  const settings = { name: 'dev', region: 'eu-west-1', namePrefix: 'dev/', tags: {}, replicaRegions: [], recoveryWindowInDays: 30, deletionProtection: false }
  const parts: readonly (readonly [token: string, parts: object])[] = [
    [tokens.stranger, { allowedCredentials: [], requiredSecrets: [] }],
    [tokens.reader, { account: '333333333333', allowedCredentials: ['canary-other'], requiredSecrets: [] }],
    [tokens.writer, { allowedCredentials: [], requiredSecrets: ['canary/required'] }]
  ]
  for (const [token, expected] of parts) {
    t.same((await gateway.send('GET', '/environments/dev', { token })).json, { ...settings, ...expected })
    t.same((await gateway.send('GET', '/environments', { token })).json.items[0], { ...settings, ...expected })
  }
})
