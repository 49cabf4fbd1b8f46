import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { build, tokens, type Gateway } from '#test/helper'

const canary = 'canary-71e0c3aa'

async function texts (gateway: Gateway, name: string, field?: string, through = ''): Promise<Record<string, string>> {
  const query = `${field === undefined ? '?' : `?field=${encodeURIComponent(field)}`}${through}`
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

  t.test('an empty key stands for the whole value', async (t) => {
    t.same(await texts(gateway, 'payments/db', ''), await texts(gateway, 'payments/db'))
  })

  const remoteRef = { key: 'payments/db', property: 'password' }
  t.test('a webhook store of External Secrets Operator reads through the gateway', async (t) => {
    const text = (await texts(gateway, 'payments/db', 'password'))['external-secrets-webhook'] ?? ''
    t.match(text, /^# The Secret secrets-gateway-token needs the label external-secrets\.io\/type: webhook\n/)
    t.same(documents(text), [
      {
        apiVersion: 'external-secrets.io/v1',
        kind: 'SecretStore',
        metadata: { name: 'secrets-gateway-prod' },
        spec: {
          provider: {
            webhook: {
              url: `${gateway.url}/environments/prod/secrets/{{ .remoteRef.key }}?field={{ .remoteRef.property }}` +
                '&versionStage={{ .remoteRef.version }}&pendingDeletion=absent&notFound=secret',
              headers: { Authorization: 'Bearer {{ .auth.token }}' },
              result: { jsonPath: '$.value' },
              secrets: [{ name: 'auth', secretRef: { name: 'secrets-gateway-token', key: 'token' } }]
            }
          }
        }
      },
      {
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        metadata: { name: 'payments-db' },
        spec: {
          refreshInterval: '1h',
          secretStoreRef: { kind: 'SecretStore', name: 'secrets-gateway-prod' },
          target: { name: 'payments-db' },
          data: [{ secretKey: 'password', remoteRef }]
        }
      }
    ])
    t.match(documents((await texts(gateway, 'payments/db'))['external-secrets-webhook'])[1], { spec: { data: [{ secretKey: 'value', remoteRef: { key: 'payments/db' } }] } })
  })

  t.test('references through the gateway', async (t) => {
    const found = await texts(gateway, 'payments/db', 'password', '&through=gateway')
    const endpoint = `${gateway.url}/environments/prod/aws`
    t.equal(found.terraform?.split('\n\n')[0], [
      'provider "aws" {',
      '  alias  = "secrets_gateway"',
      '  region = "eu-west-1"',
      '  # The keys are the gateway\'s, and no other service of AWS accepts them.',
      '  skip_credentials_validation = true',
      '  skip_requesting_account_id  = true',
      '  endpoints {',
      `    secretsmanager = "${endpoint}"`,
      '  }',
      '}'
    ].join('\n'))
    const without = await texts(gateway, 'payments/db', 'password')
    t.ok(found.terraform?.replace('  provider  = aws.secrets_gateway\n', '').endsWith(`}\n\n${without.terraform ?? ''}`))
    t.notSame(found.terraform?.replace('  provider  = aws.secrets_gateway\n', ''), found.terraform)
    t.equal(found['external-secrets'], `# The controller needs the environment variable AWS_SECRETSMANAGER_ENDPOINT=${endpoint}\n${without['external-secrets'] ?? ''}`)
    for (const format of ['external-secrets-webhook', 'kubernetes-secret']) t.equal(found[format], without[format])
    t.equal(found['ecs-task-definition'], 'ECS itself reads the secret from AWS, before the container starts.')
    t.equal(found.cloudformation, 'CloudFormation itself reads the secret from AWS.')
    t.equal(found['lambda-extension'], 'This environment is not among `agent.environments` in the configuration.')

    const { config } = gateway.fastify
    config.replace({ ...config.current, agent: { environments: ['prod'], tokenHeaders: ['x-our-token', 'x-vault-token'], pathPrefix: '/v1/' } })
    t.equal((await texts(gateway, 'payments/db', 'password', '&through=gateway'))['lambda-extension'], [
      'curl --silent --fail --header "X-Our-Token: $SECRETS_GATEWAY_TOKEN" \\',
      `  "${gateway.url}/secretsmanager/get?secretId=${encodeURIComponent(arn)}" \\`,
      '  | jq --raw-output \'.SecretString | fromjson | .["password"]\''
    ].join('\n'))
  })

  t.test('the gateway\'s address is the one that the client has used', async (t) => {
    const ask = async (host: string): Promise<object> => {
      const path = '/environments/prod/secrets/payments%2Fdb/references'
      const sent = request(gateway.url + path, { headers: { host, authorization: `Bearer ${tokens.administrator}` } }).end()
      const [reply] = await once(sent, 'response') as [IncomingMessage]
      return { status: reply.statusCode, body: await json(reply) }
    }
    const address = (url: string): object => ({ status: 200, body: { items: [{}, {}, {}, {}, {}, { text: `${url}/environments/prod/secrets/{{ .remoteRef.key }}` }] } })
    t.match(await ask('gateway.test'), address('http://gateway.test'))
    t.match(await ask('[::1]:3000'), address('http://[::1]:3000'))
    for (const host of ['a$(id)', 'a b']) t.match(await ask(host), { status: 400, body: { errors: [{ in: 'header', pointer: '/host' }] } }, host)
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
    for (const field of ['a%0Ab', 'n'.repeat(1_025)]) {
      t.match(await gateway.send('GET', `/environments/dev/secrets/a/references?field=${field}`), { status: 400, json: { errors: [{ pointer: '/field' }] } })
    }
  })
})
