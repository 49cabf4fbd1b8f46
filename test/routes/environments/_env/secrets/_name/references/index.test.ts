import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { build, tokens, type Gateway } from '#test/helper'

const canary = 'canary-71e0c3aa'

async function texts (gateway: Gateway, name: string, field?: string): Promise<Record<string, string>> {
  const query = field === undefined ? '' : `?field=${encodeURIComponent(field)}`
  const reply = await gateway.send('GET', `/environments/prod/secrets/${encodeURIComponent(name)}/references${query}`)
  if (reply.status !== 200) throw new Error(reply.text)
  return Object.fromEntries(reply.json.items.map(({ format, text, unsupported }: Record<string, string>) => [format, text ?? unsupported]))
}

t.test('listReferences', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/prod/secrets/payments%2Fdb', { json: { value: { password: canary } } })
  const { arn } = (await gateway.send('GET', '/environments/prod/secrets/payments%2Fdb/metadata')).json
  const documents = (text = ''): unknown[] => parseAllDocuments(text).map((document) => document.toJSON())

  t.test('references to the whole value', async (t) => {
    const found = await texts(gateway, 'payments/db')
    t.same(JSON.parse(found['ecs-task-definition'] ?? ''), { name: 'PAYMENTS_DB', valueFrom: arn })
    t.equal(found.cloudformation, `"{{resolve:secretsmanager:${arn}:SecretString}}"`)
    t.equal(found['lambda-extension'], [
      'curl --silent --fail --header "X-Aws-Parameters-Secrets-Token: $AWS_SESSION_TOKEN" \\',
      `  "http://localhost:2773/secretsmanager/get?secretId=${encodeURIComponent(arn)}" \\`,
      '  | jq --raw-output \'.SecretString\''
    ].join('\n'))
    t.equal(found.terraform, [
      'data "aws_secretsmanager_secret_version" "payments_db" {',
      '  region    = "eu-west-1" # from version 6 of the provider on; before, it is the provider\'s',
      `  secret_id = "${arn}"`,
      '}',
      '',
      'locals {',
      '  payments_db = data.aws_secretsmanager_secret_version.payments_db.secret_string',
      '}'
    ].join('\n'))
    t.same(documents(found['external-secrets']), [
      {
        apiVersion: 'external-secrets.io/v1',
        kind: 'SecretStore',
        metadata: { name: 'aws-secrets-manager-eu-west-1' },
        spec: { provider: { aws: { service: 'SecretsManager', region: 'eu-west-1' } } }
      },
      {
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        metadata: { name: 'payments-db' },
        spec: {
          refreshInterval: '1h',
          secretStoreRef: { kind: 'SecretStore', name: 'aws-secrets-manager-eu-west-1' },
          target: { name: 'payments-db' },
          data: [{ secretKey: 'value', remoteRef: { key: arn } }]
        }
      }
    ])
    t.same(documents(found['kubernetes-secret']), [{
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'payments-db', annotations: { 'secrets-gateway/arn': arn } },
      type: 'Opaque',
      stringData: { value: '' }
    }])
  })

  t.test('references to one key of the value', async (t) => {
    const found = await texts(gateway, 'payments/db', 'password')
    t.same(JSON.parse(found['ecs-task-definition'] ?? ''), { name: 'PAYMENTS_DB_PASSWORD', valueFrom: `${arn}:password::` })
    t.equal(found.cloudformation, `"{{resolve:secretsmanager:${arn}:SecretString:password}}"`)
    t.match(found['lambda-extension'], '  | jq --raw-output \'.SecretString | fromjson | .["password"]\'')
    t.match(found.terraform, '  payments_db_password = jsondecode(data.aws_secretsmanager_secret_version.payments_db.secret_string)["password"]')
    t.match(documents(found['external-secrets'])[1], { spec: { data: [{ secretKey: 'password', remoteRef: { key: arn, property: 'password' } }] } })
    t.match(documents(found['kubernetes-secret'])[0], { stringData: { password: '' } })
  })

  t.test('references to a key that has to be quoted', async (t) => {
    const found = await texts(gateway, 'payments/db', 'it\'s "${a}.b"')
    t.same(JSON.parse(found['ecs-task-definition'] ?? ''), { name: 'PAYMENTS_DB_IT_S_A_B', valueFrom: `${arn}:it's "\${a}.b"::` })
    t.match(found['lambda-extension'], '\'.SecretString | fromjson | .["it\'\\\'\'s \\"${a}.b\\""]\'')
    t.match(found.terraform, '.secret_string)["it\'s \\"$${a}.b\\""]')
    t.match(documents(found['external-secrets'])[1], { spec: { data: [{ secretKey: 'it_s____a_.b_', remoteRef: { property: 'it\\\'s \\"\\$\\{a\\}\\.b\\"' } }] } })
    t.equal(found.cloudformation, 'A dynamic reference can\'t have a colon, a brace or a backslash in the key.')
    t.match(await texts(gateway, 'payments/db', 'a:b'), { 'ecs-task-definition': 'ECS takes a colon for the end of the key.' })
    t.match(documents((await texts(gateway, 'payments/db', '..'))['kubernetes-secret'])[0], { stringData: { '_..': '' } })
  })

  t.test('references to names that the formats cannot express', async (t) => {
    for (const name of ['2-factor', '+']) await gateway.send('PUT', `/environments/prod/secrets/${encodeURIComponent(name)}`, { json: { value: 'v' } })
    const found = await texts(gateway, '2-factor')
    t.match(JSON.parse(found['ecs-task-definition'] ?? ''), { name: '_2_FACTOR' })
    t.match(found.terraform, '"aws_secretsmanager_secret_version" "_2_factor"')
    const plus = await texts(gateway, '+')
    t.match(JSON.parse(plus['ecs-task-definition'] ?? ''), { name: '_' })
    t.match(documents(plus['kubernetes-secret'])[0], { metadata: { name: 'secret' } })
  })

  t.test('reads and contains no value', async (t) => {
    gateway.awsCalls.length = 0
    const reply = await gateway.send('GET', '/environments/prod/secrets/payments%2Fdb/references?field=none')
    t.match(reply, { status: 200, json: { name: 'payments/db', arn, region: 'eu-west-1', field: 'none' } })
    t.same(gateway.awsCalls, ['DescribeSecret'])
    t.notMatch(reply.text + gateway.log.join(''), canary)
  })

  t.test('requires DescribeSecret, and an existing secret', async (t) => {
    t.equal((await gateway.send('GET', '/environments/dev/secrets/a/references', { token: tokens.reader })).status, 403)
    t.match(await gateway.send('GET', '/environments/dev/secrets/none/references'), { status: 404, json: { code: 'secret-not-found' } })
    t.match(Object.values(await texts(gateway, 'payments/db', '..foo')).join('\n'), /_\.\.foo/, 'Kubernetes accepts no key that starts with two dots')
    for (const field of ['', 'a%0Ab', 'n'.repeat(1_025)]) {
      t.match(await gateway.send('GET', `/environments/dev/secrets/a/references?field=${field}`), { status: 400, json: { errors: [{ pointer: '/field' }] } })
    }
  })
})
