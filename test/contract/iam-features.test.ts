import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { startLocalBackend, type Account } from '#src/local-backend/server'
import { build, embedded, policies, type Gateway, type Reply } from '#test/helper'

const accountId = '111122223333'

/** Returns the rows of the table of least permissions: the text with the actions, by feature. */
function rows (): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../docs/aws.md'), 'utf8')
  const [, table = ''] = text.split('| feature | `secretsmanager` actions |')
  const [lines = ''] = table.split('\n\n')
  return Object.fromEntries(Array.from(lines.matchAll(/^ *\| (?!---)(.*?) \| (.*?) \|$/gm), ([, feature = '', actions = '']) => [feature, actions]))
}

const features = rows()

/** Returns the actions that a part of a row names. */
const actionsIn = (text = ''): string[] => Array.from(text.matchAll(/`([A-Z]\w+)`/g), ([, action = '']) => action)

const user = (accessKeyId: string, actions: readonly string[]): Account => ({
  accountId,
  accessKeyId,
  secretAccessKey: `${accessKeyId}-secret`,
  arn: `arn:aws:iam::${accountId}:user/${accessKeyId}`,
  identityPolicies: [JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: actions.map((action) => `secretsmanager:${action}`), Resource: '*' }
  })]
})

const create = actionsIn(features['create, put and change secrets'])

/** For each feature, the actions in the documentation, and requests that use it. */
const cases: Record<string, { actions: readonly string[], use: (gateway: Gateway, id: string) => Promise<Reply>[] }> = {
  'read single secrets': {
    actions: actionsIn(features['read single secrets']),
    use: ({ send }, id) => ['one', 'two', 'three'].map(async (name) => send('GET', `/environments/dev/secrets/${name}`, { headers: { 'aws-credential-id': id } }))
  },
  'read many': {
    actions: actionsIn(features['read many by filters (`POST …/values`)']),
    use: ({ send }, id) => [send('POST', '/environments/dev/values', { json: { filters: { namePrefix: 'o' } }, headers: { 'aws-credential-id': id } })]
  },
  lists: {
    actions: actionsIn(features['lists, and the consistency report']?.split(';')[0]),
    use: ({ send }, id) => [send('GET', '/environments/dev/secrets', { headers: { 'aws-credential-id': id } })]
  },
  comparison: {
    actions: actionsIn(features['lists, and the consistency report']),
    use: ({ send }) => [send('GET', '/consistency?environments=compared,compared-too&compareValues=true')]
  },
  write: {
    actions: create,
    use: ({ send }, id) => {
      const headers = { 'aws-credential-id': id }
      return [
        send('POST', '/environments/dev/secrets/new', { json: { value: 'v', tags: { a: 'b' } }, headers }),
        send('PUT', '/environments/dev/secrets/one', { json: { value: 'w' }, headers }),
        send('PUT', '/environments/dev/secrets/newer', { json: { value: 'w' }, headers }),
        send('PATCH', '/environments/dev/secrets/two', { json: { value: 'w', description: 'd' }, headers })
      ]
    }
  },
  bulk: {
    actions: [...create, ...actionsIn(features['bulk creates'])],
    use: ({ send }, id) => [send('POST', '/environments/dev/secrets', {
      json: {
        secretNames: ['bulk/placeholder'],
        secrets: [{ name: 'bulk/generated', generate: {} }, { name: 'three', value: 'w', tags: { a: 'b' } }],
        onConflict: 'update', failOnError: true
      },
      headers: { 'aws-credential-id': id }
    })]
  },
  replicated: {
    actions: [...create, ...actionsIn(features['an environment with `replicaRegions`'])],
    use: ({ send }) => [send('POST', '/environments/replicated/secrets/new', { json: { value: 'v' } })]
  },
  promotions: {
    actions: [...create, ...actionsIn(features.promotions)],
    use: ({ send }) => [send('POST', '/environments/promoted/promotions', { json: { from: 'origin', missing: true, failOnError: true } })]
  }
}

t.test('with the actions in the table, each feature can be used', async (t) => {
  const backend = await startLocalBackend({ accounts: [user('administrator', ['*']), ...Object.entries(cases).map(([id, { actions }]) => user(id.replaceAll(' ', '-'), actions))] })
  t.teardown(backend.close)
  const aws = new SecretsManager({ endpoint: backend.url, region: 'eu-west-1', credentials: user('administrator', []) })
  t.teardown(() => { aws.destroy() })
  for (const prefix of ['dev', 'compared', 'compared-too', 'origin']) {
    for (const name of ['one', 'two', 'three']) await aws.createSecret({ Name: `${prefix}/${name}`, SecretString: 'v' })
  }
  const ids = Object.keys(cases).map((id) => id.replaceAll(' ', '-'))
  const on = (credential: string, more: object = {}): { region: string, credential: string } => ({ region: 'eu-west-1', credential, ...more })
  const gateway = await build(t, {
    environments: {
      dev: on('administrator', { allowedCredentials: ids }),
      compared: on('comparison'),
      'compared-too': on('comparison'),
      replicated: on('replicated', { replicaRegions: ['eu-central-1'] }),
      origin: on('promotions'),
      promoted: on('promotions')
    },
    credentials: Object.fromEntries(['administrator', ...ids].map((id) => [id, embedded(id)])),
    authorization: policies('@id("all") permit (principal, action, resource);'),
    aws: { endpoint: backend.url }
  })
  for (const [title, { use }] of Object.entries(cases)) {
    for (const { status, text } of await Promise.all(use(gateway, title.replaceAll(' ', '-')))) t.ok(status < 300 && !text.includes('problem'), `${title}: ${status} ${text}`)
  }
})
