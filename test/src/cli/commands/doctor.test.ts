import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { STS } from '@aws-sdk/client-sts'
import t, { type Test } from 'tap'
import type { Finding, Status } from '#src/doctor/findings'
import { environmentFrom } from '#src/environments/environment'
import { iamPolicy } from '#src/iam/policy'
import { startLocalBackend, type Account, type LocalBackend, type LocalBackendOptions } from '#src/local-backend/server'
import { startStub } from '#test/aws-stub'
import { platform, roleArns, roles } from '#test/aws-roles'
import { refusal } from '#test/faults'
import { secretsctl, type Outcome } from '#test/secretsctl'
import { identityToken, issuer, keysFile, workload } from '#test/web-identity'

const account = '111122223333'

/** A string that is part of every confidential text, so it must not be printed. */
const canary = 'canary'

const keysOf = (accessKeyId: string): { accessKeyId: string, secretAccessKey: string } =>
  ({ accessKeyId, secretAccessKey: `${accessKeyId}-${canary}` })

/** A key of the account. Without policies, it may do everything. */
const user = (accessKeyId: string, identityPolicies?: string[]): Account =>
  ({ accountId: account, ...keysOf(accessKeyId), ...identityPolicies !== undefined && { identityPolicies } })

/** Puts keys into environment variables, and returns the credential that finds them there. */
function inVariables ({ accessKeyId, secretAccessKey, sessionToken }: { accessKeyId: string, secretAccessKey: string, sessionToken?: string }): object {
  const name = `DOCTOR_${accessKeyId.replace(/\W/g, '_')}`
  process.env[`${name}_ID`] = accessKeyId
  process.env[`${name}_SECRET`] = secretAccessKey
  if (sessionToken !== undefined) process.env[`${name}_TOKEN`] = sessionToken
  return {
    kind: 'environment', accessKeyIdVariable: `${name}_ID`, secretAccessKeyVariable: `${name}_SECRET`,
    ...sessionToken !== undefined && { sessionTokenVariable: `${name}_TOKEN` }
  }
}

const credential = (accessKeyId: string): object => inVariables(keysOf(accessKeyId))

/** An environment whose settings need every permission that the gateway may need. */
const prod = { region: 'eu-west-1', account, credential: 'gateway', kmsKeyId: 'alias/prod', replicaRegions: ['eu-central-1'] }

/** Returns the IAM policy for this environment, without some of its actions. */
const policyWithout = (...left: string[]): string => {
  const { policy } = iamPolicy({ environment: environmentFrom('prod', prod), credentials: new Map() })
  const Statement = policy.Statement.map((statement) => ({ ...statement, Action: statement.Action.filter((action) => !left.includes(action)) }))
  return JSON.stringify({ ...policy, Statement: Statement.filter(({ Action }) => Action.length > 0) })
}

const { policy: wholePolicy } = iamPolicy({ environment: environmentFrom('prod', prod), credentials: new Map() })
const permissions = wholePolicy.Statement.flatMap(({ Action }) => Action)
const tried = permissions.filter((name) => name.startsWith('secretsmanager:') && name !== 'secretsmanager:CreateSecret')

async function startAws (t: Test, options: Partial<LocalBackendOptions> = {}): Promise<LocalBackend> {
  const backend = await startLocalBackend({
    accounts: [user('ADMIN'), user('GATEWAY', [policyWithout()])],
    kmsKeys: [{ accountId: account, keyId: '1234abcd-12ab-34cd-56ef-1234567890ab', aliases: ['alias/prod'] }],
    ...options
  })
  t.teardown(backend.close)
  return backend
}

/** Writes a configuration file into a new folder, and returns its path. */
function configuration (t: Test, sections: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const file = { authentication: {}, authorization: { policies: '.' }, ...sections }
  writeFileSync(join(folder, 'gateway.yaml'), JSON.stringify(file))
  writeFileSync(join(folder, 'all.cedar'), '@id("all") permit (principal, action, resource);')
  writeFileSync(join(folder, 'shared.key'), randomBytes(32).toString('base64'))
  return join(folder, 'gateway.yaml')
}

interface Report extends Outcome {
  counts: Record<Status, number>
  findings: Finding[]
  /** Returns the only finding of a check, on a subject if one is given. */
  finding: (check: Finding['check'], subject?: string) => Finding | undefined
}

/** Runs the command, and checks that it prints nothing confidential. */
async function examine (t: Test, file: string, ...args: string[]): Promise<Report> {
  const outcome = await secretsctl({ url: '' }, ['doctor', file, '--json', ...args])
  t.notMatch(outcome.stdout + outcome.stderr, canary)
  const { counts, findings } = JSON.parse(outcome.stdout) as Pick<Report, 'counts' | 'findings'>
  t.equal(outcome.status, counts.failure > 0 ? 1 : 0, 'only failures make it fail')
  t.match(outcome.stderr, `${counts.failure} failed, ${counts.warning} with a warning, ${counts['not-tried']} not tried, ${counts.ok} ok\n`)
  return {
    ...outcome,
    counts,
    findings,
    finding (check, subject) {
      const found = findings.filter((finding) => finding.check === check && (subject === undefined || finding.subject === subject))
      t.equal(found.length, 1, `one finding about ${check}: ${JSON.stringify(found)}`)
      return found[0]
    }
  }
}

const rightsOf = ({ findings }: Report, status: Status): Finding[] => findings.filter((finding) => finding.check === 'rights' && finding.status === status)

/** Returns the entire state of Secrets Manager. */
async function stateOf (t: Test, backend: LocalBackend): Promise<unknown> {
  const states = await Promise.all(['eu-west-1', 'eu-central-1'].map(async (region) => {
    const aws = new SecretsManager({ endpoint: backend.url, region, credentials: keysOf('ADMIN') })
    t.teardown(() => { aws.destroy() })
    const { SecretList = [] } = await aws.listSecrets({ IncludePlannedDeletion: true, MaxResults: 100 })
    return Promise.all(SecretList.map(async ({ ARN = '' }) => {
      const { $metadata: _, ...description } = await aws.describeSecret({ SecretId: ARN })
      return description
    }))
  }))
  return states
}

t.test('a configuration that works', async (t) => {
  const operations: string[] = []
  const backend = await startAws(t, { onOperation: ({ operation, principal }) => { if (principal.endsWith('GATEWAY')) operations.push(operation) } })
  const aws = new SecretsManager({ endpoint: backend.url, region: 'eu-west-1', credentials: keysOf('ADMIN') })
  t.teardown(() => { aws.destroy() })
  for (const Name of ['prod/one', 'prod/two', 'prod/deleted', 'other']) await aws.createSecret({ Name, SecretString: canary })
  await aws.deleteSecret({ SecretId: 'prod/deleted' })
  await aws.replicateSecretToRegions({ SecretId: 'prod/two', AddReplicaRegions: [{ Region: 'eu-central-1' }] })
  const before = await stateOf(t, backend)
  const file = configuration(t, { environments: { prod }, credentials: { gateway: credential('GATEWAY') }, aws: { endpoint: backend.url } })
  const report = await examine(t, file)

  t.match(report.counts, { failure: 0, warning: 0 })
  t.match(report.finding('clock'), { status: 'ok', message: /^The clock / })
  t.match(report.finding('endpoint'), { status: 'ok', subject: backend.url, message: /^Secrets Manager of prod; STS of gateway: replied after \d+ ms$/ })
  t.match(report.finding('keys'), { status: 'ok', subject: 'credential gateway', message: /^From the variables DOCTOR_GATEWAY_ID and DOCTOR_GATEWAY_SECRET; obtained in \d+ ms; they don't expire$/ })
  t.match(report.finding('identity'), { status: 'ok', message: `arn:aws:iam::${account}:user/GATEWAY in the account ${account}` })
  t.match(report.finding('account'), { status: 'ok', message: account })
  const [allowed = { message: '' }, ...others] = rightsOf(report, 'ok')
  t.same(others, [])
  t.same(allowed.message.replace('The credential gateway has ', '').split(', ').sort(), tried.map((name) => name.replace('secretsmanager:', '')).sort())
  t.match(rightsOf(report, 'not-tried').map(({ message }) => message), [
    /needs secretsmanager:CreateSecret, which only the creation of a secret would show/,
    /needs kms:Decrypt, kms:Encrypt, kms:GenerateDataKey, which only a value that is encrypted/,
    /needs lambda:InvokeFunction, which only a rotation/
  ])
  t.match(report.finding('quota'), { status: 'ok', subject: `account ${account} in eu-west-1`, message: /100 % of AWS's quotas: 10000 GetSecretValue and 50 PutSecretValue/, next: /several processes/ })
  t.match(report.finding('limits'), { status: 'ok', message: 'Callers may send 1000 requests a second to prod' })

  t.same(await stateOf(t, backend), before, 'nothing has changed')
  t.same([...new Set(operations)].sort(), ['GetCallerIdentity', ...tried.map((name) => name.replace('secretsmanager:', ''))].sort(), 'everything else was tried')
})

t.test('the table has a row for each finding and each next step', async (t) => {
  const backend = await startAws(t)
  const file = configuration(t, { environments: { prod }, credentials: { gateway: credential('GATEWAY') }, aws: { endpoint: backend.url } })
  const { status, stdout, stderr } = await secretsctl({ url: '' }, ['doctor', file, '--actions', 'CreateSecret'], { isTerminal: true })
  t.equal(status, 0)
  t.match(stdout, /STATUS.*SUBJECT.*CHECK/)
  t.match(stdout, /not tried.* +environment prod +rights +The credential gateway needs secretsmanager:CreateSecret, which only the creation of a secret would show\n +→ Create a secret/)
  t.match(stderr, /\[#{20}\] 3 of 3 checks\n0 failed/)
  t.match(await secretsctl({ url: '' }, ['doctor', file, '-o', 'env']), { status: 2 })
})

t.test('each permission that is missing is found', async (t) => {
  const ids = new Map(tried.map((permission, index) => [permission, `WITHOUT${index}`]))
  const backend = await startAws(t, { accounts: Array.from(ids, ([permission, id]) => user(id, [policyWithout(permission)])) })
  for (const [permission, id] of ids) {
    const file = configuration(t, { environments: { prod }, credentials: { gateway: credential(id) }, aws: { endpoint: backend.url } })
    const [failure, ...others] = rightsOf(await examine(t, file, '--environment', 'prod'), 'failure')
    t.same(others, [])
    t.same(failure, {
      status: 'failure',
      subject: 'environment prod',
      check: 'rights',
      message: `The credential gateway lacks ${permission}: no identity-based policy allows it`,
      next: `Attach the policy that "secretsctl iam-policy --config ${file} --environment prod" prints to arn:aws:iam::${account}:user/${id}`
    })
  }
})

t.test('the reasons of denials and unclear answers', async (t) => {
  const identity = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }, { Effect: 'Deny', Action: 'secretsmanager:TagResource', Resource: '*' }] })
  const reader = JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], Resource: '*' } })
  const backend = await startAws(t, { accounts: [user('DENIED', [identity]), user('READER', [reader])] })
  const denial = (action: string, rest: string): ReturnType<typeof refusal> =>
    refusal('AccessDeniedException', `User: arn:aws:iam::${account}:user/DENIED is not authorized to perform: secretsmanager:${action} on resource: x ${rest}`)
  const endpoint = await startStub(t, backend.url, {
    operations: {
      GetSecretValue: denial('GetSecretValue', 'because no VPC endpoint policy allows the secretsmanager:GetSecretValue action'),
      DeleteSecret: denial('DeleteSecret', 'with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1'),
      RestoreSecret: refusal('AccessDeniedException', 'No.'),
      PutResourcePolicy: refusal('MalformedPolicyDocumentException', canary),
      RotateSecret: refusal('InvalidParameterException', canary),
      CancelRotateSecret: refusal('InvalidParameterException', canary)
    }
  })
  const report = await examine(t, configuration(t, {
    environments: { prod: { ...prod, allowedCredentials: ['reader'] } }, credentials: { gateway: credential('DENIED'), reader: credential('READER') }, aws: { endpoint }
  }))
  const own = report.findings.filter(({ check, message }) => check === 'rights' && message.startsWith('The credential gateway'))
  t.match(own.filter(({ status }) => status === 'failure').map(({ message, next }) => [message, next]).sort(), [
    ['The credential gateway lacks RestoreSecret: AWS does not say why', /^Attach the policy/],
    ['The credential gateway lacks secretsmanager:DeleteSecret: an explicit deny in the service control policy', 'Change the service control policy. A further IAM policy would not help'],
    ['The credential gateway lacks secretsmanager:GetSecretValue: no VPC endpoint policy allows it', /^Change the VPC endpoint policy/],
    ['The credential gateway lacks secretsmanager:TagResource: an explicit deny in the identity-based policy', /^Change the identity-based policy/]
  ])
  t.match(own.filter(({ status, message }) => status === 'not-tried' && message.includes(' got ')).map(({ message }) => message).sort(), [
    'The credential gateway got InvalidParameterException for CancelRotateSecret, RotateSecret, which does not show whether it is allowed',
    'The credential gateway got MalformedPolicyDocumentException for PutResourcePolicy, which does not show whether it is allowed'
  ])
  const [warning] = rightsOf(report, 'warning')
  t.match(warning, { message: /^The credential reader lacks .*secretsmanager:BatchGetSecretValue/ }, 'a credential that is not the default one may be meant for less')
  t.notMatch(warning?.message, 'DescribeSecret')
})

t.test('only permissions that the actions and the environments need are tried', async (t) => {
  const operations: string[] = []
  const backend = await startAws(t, { onOperation: ({ operation }) => { operations.push(operation) } })
  const { account: _, ...open } = prod
  const file = configuration(t, {
    environments: { prod, dev: { ...open, namePrefix: 'dev/', credential: 'other' } },
    credentials: { gateway: credential('GATEWAY'), other: credential('ADMIN'), unused: credential('NOBODY') },
    aws: { endpoint: backend.url }
  })
  const report = await examine(t, file, '--environment', 'prod', '--environment', 'prod', '--actions', 'GetSecretValue')
  t.same(operations, ['GetCallerIdentity', 'GetSecretValue'])
  t.same(rightsOf(report, 'not-tried').map(({ message }) => message), ['The credential gateway needs kms:Decrypt, which only a value that is encrypted with the key would show'])
  const denied = await examine(t, file, '--environment', 'dev', '--actions', 'DescribeEnvironment')
  t.same(denied.findings.filter(({ check }) => check === 'rights'), [], 'no call to AWS needs no permission')
  t.match((await examine(t, file, '--actions', 'GetSecretValue')).finding('identity', 'credential unused'), { status: 'failure', message: /AWS does not know the keys/ })
  t.match(await secretsctl({ url: '' }, ['doctor', file, '--environment', 'test']), { status: 2, stderr: /no environment 'test'/ })
  t.match(await secretsctl({ url: '' }, ['doctor', join(file, '..', 'all.cedar')]), { status: 1, stdout: '', stderr: /YAML/ })
})

t.test('accounts and partitions', async (t) => {
  const backend = await startAws(t, {
    accounts: [user('ADMIN'), { ...user('CHINA'), arn: `arn:aws-cn:iam::${account}:user/CHINA` }], roles, identityProviders: [{ issuer, keys: keysFile }]
  })
  const environment = { region: 'eu-west-1', credential: 'gateway' }
  const accountOf = async (declared: object, gateway: object): Promise<Report> =>
    examine(t, configuration(t, { environments: { dev: { ...environment, ...declared } }, credentials: { gateway }, aws: { endpoint: backend.url } }), '--actions', 'GetSecretValue')
  const other = await accountOf({ account: '444455556666' }, credential('ADMIN'))
  t.match(other.finding('account'), { status: 'failure', message: /declared to be in the account 444455556666, and the credential gateway is of 111122223333/ })
  t.match(other.finding('rights'), { status: 'not-tried', message: 'The credential gateway does not belong to the environment' })
  const china = await accountOf({}, credential('CHINA'))
  t.match(china.finding('account'), { status: 'failure', message: 'The region eu-west-1 is in the partition aws, and the credential gateway in aws-cn' })
  t.match((await accountOf({}, credential('ADMIN'))).finding('account'), { status: 'warning', next: `Set account: "${account}" in environments.dev` })

  const tokenFile = join(t.testdir({}), 'token')
  writeFileSync(tokenFile, await identityToken(workload, Date.now()))
  const role = await accountOf({}, { kind: 'web-identity', roleArn: roleArns.workload, tokenFile })
  t.match(role.finding('account'), { status: 'ok' }, 'a role\'s ARN has the account')
  t.match(role.finding('keys'), { message: /^From the role arn:aws:iam::111111111111:role\/workload, assumed with the token in .*; they expire at 20/ })
  t.match(role.finding('identity'), { message: 'arn:aws:sts::111111111111:assumed-role/workload/secrets-gateway in the account 111111111111' })
})

t.test('a role without permissions is named by the next step', async (t) => {
  const backend = await startAws(t, { accounts: [platform], roles: roles.map((role) => ({ ...role, identityPolicies: [] })) })
  const { finding } = await examine(t, configuration(t, {
    environments: { dev: { region: 'eu-west-1', credential: 'gateway' } },
    credentials: { base: inVariables(platform), gateway: { kind: 'assume-role', source: 'base', roleArn: roleArns.dev, externalId: 'of-the-gateway' } },
    aws: { endpoint: backend.url }
  }), '--actions', 'GetSecretValue')
  t.match(finding('rights'), { status: 'failure', next: /--actions GetSecretValue" prints to the role secrets-gateway$/ })
  t.match(finding('keys', 'credential gateway'), { message: /^From the role arn:aws:iam::111111111111:role\/secrets-gateway, assumed with base; obtained/ })
})

/** Assumes a role, and returns the keys of the session. */
async function sessionOf (url: string, RoleArn: string): Promise<{ accessKeyId: string, secretAccessKey: string, sessionToken: string }> {
  const sts = new STS({ endpoint: url, region: 'eu-west-1', credentials: platform })
  const { Credentials: { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = {} } =
    await sts.assumeRole({ RoleArn, RoleSessionName: 'person', SourceIdentity: 'secrets-gateway' })
  sts.destroy()
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

t.test('credentials that can\'t be used', async (t) => {
  let passed = 0
  const backend = await startAws(t, {
    accounts: [platform, user('ADMIN')], now: () => Date.now() + passed,
    roles: roles.map((role) => ({ ...role, ...role.arn === roleArns.prod && { maxSessionDuration: 10_800 } })), identityProviders: [{ issuer, keys: keysFile }]
  })
  const folder = t.testdir({ config: '[profile empty]\nregion = eu-west-1\n' })
  const tokens = { expired: await identityToken(workload, Date.now() - 86_400_000), stranger: await identityToken('stranger', Date.now()), broken: canary }
  for (const [name, token] of Object.entries(tokens)) writeFileSync(join(folder, name), token)
  const hub = await sessionOf(backend.url, roleArns.hub)
  const base = inVariables(platform)
  const assumed = (roleArn: string, more: object = {}): object => ({ kind: 'assume-role', source: 'base', roleArn, ...more })
  const web = (file: string): object => ({ kind: 'web-identity', roleArn: roleArns.workload, tokenFile: join(folder, file) })
  process.env.DOCTOR_WRONG_ID = platform.accessKeyId
  process.env.DOCTOR_WRONG_SECRET = canary
  Object.assign(process.env, { AWS_CONFIG_FILE: join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'), AWS_EC2_METADATA_DISABLED: 'true' })

  const keysOrIdentity = async (title: string, credentials: object, expected: { check: 'keys' | 'identity', message: RegExp, next: RegExp }): Promise<void> => {
    const file = configuration(t, { environments: { dev: { region: 'eu-west-1', credential: 'gateway' } }, credentials, aws: { endpoint: backend.url } })
    const { finding, findings } = await examine(t, file)
    t.match(finding(expected.check, 'credential gateway'), { status: 'failure', ...expected }, title)
    t.match(finding('rights'), { status: 'not-tried', message: 'The keys of the credential gateway can\'t be used' }, title)
    t.same(findings.filter(({ check }) => check === 'account'), [])
  }
  const keys = async (title: string, credentials: object, message: RegExp, next: RegExp): Promise<void> => keysOrIdentity(title, credentials, { check: 'keys', message, next })
  const identity = async (title: string, gateway: object, message: RegExp, next: RegExp): Promise<void> => keysOrIdentity(title, { gateway }, { check: 'identity', message, next })

  await keys('a missing variable', { gateway: { kind: 'environment', accessKeyIdVariable: 'DOCTOR_NONE', secretAccessKeyVariable: 'DOCTOR_NONE' } }, /A variable .* \(CredentialsProviderError: The variable DOCTOR_NONE is not set\)/, /environment variables of the gateway/)
  await keys('a missing profile', { gateway: { kind: 'profile', profile: 'nosuch' } }, /no such profile/, /AWS_CONFIG_FILE/)
  await keys('a profile without keys', { gateway: { kind: 'profile', profile: 'empty' } }, /no such profile, or it has no keys/, /AWS_CONFIG_FILE/)
  await keys('an empty chain', { gateway: { kind: 'default-chain' } }, /No keys were found/, /AWS_PROFILE/)
  await keys('a missing token file', { gateway: web('none') }, /The token file can't be read \(.*ENOENT.*none/, /tokenFile/)
  await keys('an expired token', { gateway: web('expired') }, /The token in the file has expired/, /kubelet/)
  await keys('a token of another subject', { gateway: web('stranger') }, /does not trust the token/, /subject/)
  await keys('a broken token', { gateway: web('broken') }, /does not accept the token/, /audience/)
  await keys('a role that does not exist', { base, gateway: assumed('arn:aws:iam::111111111111:role/nosuch') }, /does not let the source assume the role/, /trust policy/)
  await keys('a missing external ID', { base, gateway: assumed(roleArns.dev) }, /another external ID/, /externalId/)
  await keys('no source identity', { base, gateway: assumed(roleArns.withoutIdentity) }, /does not let the gateway set the source identity/, /Allow sts:SetSourceIdentity beside sts:AssumeRole/)
  await keys('a root user', { base: credential('ADMIN'), gateway: assumed(roleArns.dev) }, /root user/, /user or a role/)
  await keys('a session that is longer than allowed', { base, gateway: assumed(roleArns.hub, { durationSeconds: 7_200 }) }, /more than the role allows/, /Lower durationSeconds/)
  await keys('a chain of more than an hour', { base: inVariables(hub), gateway: assumed(roleArns.prod, { durationSeconds: 7_200 }) }, /after an hour/, /at most 3600/)
  await identity('unknown keys', credential('UNKNOWN'), /AWS does not know the keys/, /Create new keys/)
  await identity('a wrong secret', { kind: 'environment', accessKeyIdVariable: 'DOCTOR_WRONG_ID', secretAccessKeyVariable: 'DOCTOR_WRONG_SECRET' }, /does not belong to the access key ID/, /Copy both/)
  passed = 86_400_000
  await identity('keys that have expired', inVariables(hub), /The keys have expired/, /aws sso login/)
})

t.test('a role whose source has no keys is not tried', async (t) => {
  const backend = await startAws(t)
  const { finding } = await examine(t, configuration(t, {
    environments: { dev: { region: 'eu-west-1', credential: 'gateway' } },
    credentials: {
      base: { kind: 'environment', accessKeyIdVariable: 'DOCTOR_NONE', secretAccessKeyVariable: 'DOCTOR_NONE' },
      gateway: { kind: 'assume-role', source: 'base', roleArn: roleArns.dev }
    },
    aws: { endpoint: backend.url }
  }))
  t.match(finding('keys', 'credential base'), { status: 'failure' })
  t.match(finding('keys', 'credential gateway'), { status: 'not-tried', message: 'Its source, the credential base, has no keys' })
})

t.test('where the keys of the default chain and of profiles come from', async (t) => {
  const backend = await startAws(t)
  const folder = t.testdir({ credentials: `[team]\naws_access_key_id = ADMIN\naws_secret_access_key = ADMIN-${canary}\n` })
  Object.assign(process.env, { AWS_CONFIG_FILE: join(folder, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') })
  const keysFrom = async (gateway: object, env: NodeJS.ProcessEnv = {}): Promise<string | undefined> => {
    Object.assign(process.env, env)
    const file = configuration(t, { environments: { dev: { region: 'eu-west-1', account, credential: 'gateway' } }, credentials: { gateway }, aws: { endpoint: backend.url } })
    const { finding } = await examine(t, file, '--actions', 'GetSecretValue')
    for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name)
    return finding('keys')?.message
  }
  t.match(await keysFrom({ kind: 'profile', profile: 'team' }), /^From the profile team; /)
  t.match(await keysFrom({ kind: 'default-chain' }, { AWS_PROFILE: 'team' }), /^From the SDK's default chain: a profile; /)
  t.match(await keysFrom({ kind: 'default-chain' }, { AWS_ACCESS_KEY_ID: 'ADMIN', AWS_SECRET_ACCESS_KEY: `ADMIN-${canary}` }), /^From the SDK's default chain: the variables AWS_ACCESS_KEY_ID/)
})

t.test('endpoints that can\'t be reached', async (t) => {
  const backend = await startAws(t)
  const file = (sections: object): string => configuration(t, { environments: { prod }, credentials: { gateway: credential('GATEWAY') }, ...sections })
  const refused = await examine(t, file({ aws: { endpoint: 'http://127.0.0.1:2', stsEndpoint: backend.url } }))
  t.match(refused.finding('endpoint', 'http://127.0.0.1:2'), { status: 'failure', message: 'Secrets Manager of prod: there is no connection (ECONNREFUSED)', next: /HTTPS_PROXY/ })
  t.match(refused.finding('rights'), { status: 'not-tried', message: 'The endpoint of Secrets Manager was not reached' })
  const withoutSts = await examine(t, file({ aws: { endpoint: backend.url, stsEndpoint: `http://${'x'.repeat(64)}.test` } }))
  t.match(withoutSts.findings.find(({ check, status }) => check === 'endpoint' && status === 'failure'), { message: /^STS of gateway: its name has no address \(/, next: /DNS/ })
  t.match(withoutSts.finding('identity'), { status: 'failure', message: /^STS, or another source of the keys, did not answer/, next: /endpoint of STS/ })

  process.env.AWS_USE_FIPS_ENDPOINT = 'true'
  const fips = await examine(t, file({ aws: { endpoint: backend.url } }))
  delete process.env.AWS_USE_FIPS_ENDPOINT
  t.match(fips.findings.filter(({ check }) => check === 'endpoint').map(({ subject, status, message }) => [subject, status, message]), [
    ['Secrets Manager of prod', 'failure', /^The SDK finds no endpoint \(.*FIPS/],
    ['STS of gateway', 'failure', /^The SDK finds no endpoint \(.*FIPS/]
  ])
  t.match(fips.finding('clock'), { status: 'not-tried', message: 'No endpoint has replied with a date' })
})

t.test('the clock', async (t) => {
  const backend = await startAws(t)
  const clock = async (ahead: number | null): Promise<Finding | undefined> => {
    const endpoint = await startStub(t, backend.url, { ahead })
    const file = configuration(t, { environments: { prod }, credentials: { gateway: credential('GATEWAY') }, aws: { endpoint } })
    return (await examine(t, file, '--actions', 'GetSecretValue')).finding('clock')
  }
  t.match(await clock(3_600_000), { status: 'failure', message: /^The clock is 60 minutes behind that of http.*\. AWS refuses signatures/, next: /Synchronize/ })
  t.match(await clock(-3_600_000), { status: 'failure', message: /^The clock is 60 minutes ahead of that of http/ })
  t.match(await clock(100_000), { status: 'warning', message: /^The clock is \d+ seconds behind that of http[^ ]+$/, next: /Synchronize/ })
  t.match(await clock(null), { status: 'not-tried' })
})

t.test('quotas and limits', async (t) => {
  const backend = await startAws(t, { accounts: [user('ONE'), user('TWO')] })
  const report = async (sections: object): Promise<Report> => examine(t, configuration(t, {
    environments: { one: { region: 'eu-west-1', credential: 'one' }, two: { region: 'eu-west-1', credential: 'two' } },
    credentials: { one: credential('ONE'), two: credential('TWO') },
    aws: { endpoint: backend.url },
    ...sections
  }), '--actions', 'GetSecretValue')
  const several = await report({})
  t.match(several.finding('quota'), {
    status: 'warning', subject: `account ${account} in eu-west-1`, message: /does not say that one and two belong to one account, so the gateway takes 200 % of its quotas/,
    next: `Set account: "${account}" in environments.one, environments.two`
  })
  const halved = await report({ aws: { endpoint: backend.url, quotaShare: 0.5 } })
  t.match(halved.finding('quota'), { status: 'ok', message: /^This process takes up to 100 % .*: 10000 GetSecretValue/ })
  const limited = await report({ aws: { endpoint: backend.url, quotaShare: 0.1 }, limits: { perEnvironment: { requestsPerSecond: 3_000 } } })
  t.match(limited.finding('quota'), { status: 'ok', message: /20 % of AWS's quotas: 2000 GetSecretValue and 10 PutSecretValue/ })
  t.notOk(limited.finding('quota')?.next)
  t.match(limited.finding('limits'), { status: 'warning', message: /^Callers may send 6000 requests a second to one, two, but only 2000 reads of them reach AWS.* up to 3 seconds/, next: /perEnvironment/ })
  const shared = await report({
    environments: { one: { region: 'eu-west-1', account, credential: 'one' } }, shared: { url: 'redis://redis.internal', keyFile: 'shared.key' }
  })
  t.match(shared.finding('quota'), { status: 'ok', message: /^All replicas together take up to 100 %/ })
  t.notOk(shared.finding('quota')?.next)
})
