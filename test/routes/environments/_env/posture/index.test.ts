import t from 'tap'
import { isPublic } from '#src/secrets/posture/public-policy'
import { environmentFrom } from '#src/environments/environment'
import { defaultThresholds, rules, type RuleName, type SecretFacts } from '#src/secrets/posture/rules'
import { build, declared, policies, sameCalls, tokens, untilReplicated, type Gateway } from '#test/helper'
import { buildRealistic } from '#test/realistic/build'

const lambdaArn = 'arn:aws:lambda:eu-west-1:111111111111:function:rotator'
const allRules = Object.keys(rules).join(',')

/** Returns the statuses of the rules, by secret and rule. */
async function judged ({ send, catchUp }: Gateway, query = '', environment = 'dev'): Promise<Record<string, Record<string, string>>> {
  catchUp()
  const { json, status, text } = await send('GET', `/environments/${environment}/posture?${query}`)
  if (status !== 200) throw new Error(text)
  return Object.fromEntries(json.items.map(({ name, rules: found }: { name: string, rules: { rule: string, status: string }[] }) =>
    [name, Object.fromEntries(found.map(({ rule, status }) => [rule, status]))]))
}

t.test('assessPosture judges a secret by each rule', async (t) => {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/bare', SecretString: 'v' })
  await aws.createSecret({ Name: 'dev/placeholder' })
  await aws.createSecret({ Name: 'dev/good', SecretString: 'v', KmsKeyId: 'alias/k', Tags: [{ Key: 'team', Value: 'a' }] })
  await aws.rotateSecret({ SecretId: 'dev/good', RotationLambdaARN: lambdaArn, RotationRules: { AutomaticallyAfterDays: 30 } })
  await gateway.rotateDue()

  gateway.awsCalls.length = 0
  const good = { 'SecretsManager.1': 'passed', 'SecretsManager.2': 'passed', 'SecretsManager.3': 'passed', 'SecretsManager.4': 'passed', 'SecretsManager.5': 'passed', value: 'passed', 'kms-key': 'passed' }
  const bare = { 'SecretsManager.1': 'failed', 'SecretsManager.3': 'passed', 'SecretsManager.4': 'passed', 'SecretsManager.5': 'failed', value: 'passed', 'kms-key': 'failed' }
  t.strictSame(await judged(gateway), { good, bare, placeholder: { ...bare, value: 'failed' } })
  sameCalls(t, gateway, ['ListSecrets'], 'without a call for each secret')
  t.strictSame(Object.keys(await judged(gateway, 'rule=value&status=failed')), ['placeholder'])
  t.strictSame(await judged(gateway, 'rule=kms-key,value&namePrefix=good'), { good: { value: 'passed', 'kms-key': 'passed' } })

  gateway.advance(91)
  t.match(await judged(gateway), {
    // The rotation has been due for two months.
    good: { 'SecretsManager.2': 'failed', 'SecretsManager.3': 'failed', 'SecretsManager.4': 'failed' },
    bare: { 'SecretsManager.3': 'failed', 'SecretsManager.4': 'failed' }
  })
  await gateway.send('GET', '/environments/dev/secrets/good')
  t.match(await judged(gateway), { good: { 'SecretsManager.3': 'passed' } })
  const { json } = await gateway.send('GET', '/environments/dev/posture?rule=SecretsManager.3,SecretsManager.4&namePrefix=bare')
  t.match(json.items[0].rules.map(({ detail }: { detail: string }) => detail), [/^Never read since its creation on \d{4}-\d{2}-\d{2}$/, /^Never rotated since its creation/])
  const rotated = await gateway.send('GET', '/environments/dev/posture?rule=SecretsManager.4&namePrefix=good')
  t.match(rotated.json.items[0].rules[0].detail, /^Last rotated on/)
})

t.test('the environment\'s settings apply', async (t) => {
  const posture = { rotatedWithinDays: 400, unusedForDays: 10, requiredTags: ['owner', 'team'] }
  const gateway = await build(t, { environments: { dev: { ...declared.environments.dev, posture } } })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v', Tags: [{ Key: 'team', Value: 'a' }] })
  gateway.advance(100)
  t.match(await judged(gateway), { a: { 'SecretsManager.3': 'failed', 'SecretsManager.4': 'passed', 'SecretsManager.5': 'failed' } })
  const { json } = await gateway.send('GET', '/environments/dev/posture?rule=SecretsManager.5')
  t.equal(json.items[0].rules[0].detail, 'Without the tags owner')
})

t.test('the status of a rotation that has not ended is unknown', async (t) => {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'v' })
  await aws.rotateSecret({ SecretId: 'dev/a', RotationLambdaARN: lambdaArn.replace('rotator', 'failing'), RotationRules: { AutomaticallyAfterDays: 30 } })
  t.match(await judged(gateway, 'rule=SecretsManager.2'), { a: { 'SecretsManager.2': 'unknown' } })
})

t.test('required secrets that do not exist are on the last page', async (t) => {
  const gateway = await build(t, { environments: { dev: { ...declared.environments.dev, requiredSecrets: ['a', 'gone', 'none', 'x/other'] } } })
  const aws = gateway.aws('AKIADEV')
  for (const name of ['a', 'b', 'gone']) await aws.createSecret({ Name: `dev/${name}`, SecretString: 'v' })
  await aws.deleteSecret({ SecretId: 'dev/gone' })
  gateway.catchUp()
  const pages: { name: string, state: string, rules: { status: string }[] }[][] = []
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const { json } = await gateway.send('GET', `/environments/dev/posture?rule=required&limit=1${cursor && `&cursor=${cursor}`}`)
    pages.push(json.items)
    cursor = json.nextCursor
  }
  t.ok(pages.slice(0, -1).every(([item, ...more]) => item?.state === 'active' && more.length === 0), 'no other page has more than the limit')
  t.strictSame(pages.flat().map(({ name, state, rules: found }) => [name, state, found.map(({ status }) => status).join()]).sort(), [
    ['a', 'active', 'passed'], ['b', 'active', ''], ['gone', 'pending-deletion', 'failed'], ['none', 'missing', 'failed'], ['x/other', 'missing', 'failed']
  ])
  t.strictSame(Object.keys(await judged(gateway, 'rule=required&status=failed&namePrefix=x/')), ['x/other'])
  t.strictSame(Object.keys(await judged(gateway, 'rule=value')).sort(), ['a', 'b'], 'only if the rule is asked for')
})

t.test('the rules on replicas and resource policies take a call for each secret', async (t) => {
  const gateway = await build(t, { environments: { ...declared.environments, staging: { ...declared.environments.staging, replicaRegions: ['eu-central-1'] } } })
  const aws = gateway.aws('AKIADEV')
  for (const prefix of ['dev', 'staging']) await aws.createSecret({ Name: `${prefix}/a`, SecretString: 'v' })
  const open = { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' } }
  t.strictSame(await judged(gateway, 'rule=replicas,public-policy'), { a: { 'public-policy': 'passed' } }, 'a secret without replicas needs none')
  await aws.putResourcePolicy({ SecretId: 'dev/a', ResourcePolicy: JSON.stringify(open) })
  await aws.replicateSecretToRegions({ SecretId: 'dev/a', AddReplicaRegions: [{ Region: 'eu-central-1' }] })
  await untilReplicated(gateway, '/environments/dev/secrets/a')
  gateway.awsCalls.length = 0
  t.strictSame(await judged(gateway, 'rule=replicas,public-policy'), { a: { replicas: 'passed', 'public-policy': 'failed' } })
  sameCalls(t, gateway, ['DescribeSecret', 'GetResourcePolicy', 'ListSecrets'])
  t.strictSame(await judged(gateway, 'rule=replicas', 'staging'), { a: { replicas: 'failed' } }, 'the environment\'s own region is missing')

  // A replica itself has no replicas.
  const standby = await build(t, { environments: { dev: { ...declared.environments.dev, region: 'eu-central-1' } }, aws: { endpoint: gateway.fastify.config.current.aws.endpoint ?? '' } })
  t.strictSame(await judged(standby, 'rule=replicas'), { a: {} })
})

t.test('the status of a replication in progress is unknown', async (t) => {
  const gateway = await buildRealistic(t, 'posture')
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'v', AddReplicaRegions: [{ Region: 'eu-central-1' }] })
  const { judge } = rules.replicas
  const { ReplicationStatus = [] } = await aws.describeSecret({ SecretId: 'dev/a' })
  t.match(ReplicationStatus, [{ Status: 'InProgress' }])
  const secret = { name: 'a', arn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:dev/a-AbCdEf', state: 'active' } as unknown as Parameters<typeof judge>[0]['secret']
  const environment = gateway.fastify.config.current.environments.get('dev')
  if (environment === undefined) throw new Error('There is no environment dev')
  const details = { ...secret, replicas: ReplicationStatus.map(({ Region = '', Status = '' }) => ({ region: Region, status: Status })) }
  t.match(judge({ secret, details }, { environment, thresholds: { rotatedWithinDays: 1, unusedForDays: 1, requiredTags: [] }, now: 0 }), { status: 'unknown' })
})

t.test('the caller sees the secrets on which it has AssessPosture', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("auditor") permit (principal == Caller::"reader", action in [Action::"DescribeEnvironment", Action::"AssessPosture"], resource == Environment::"dev");
      @id("auditor-some") permit (principal == Caller::"reader", action == Action::"AssessPosture", resource is Secret in Environment::"dev") when { resource.name like "seen*" };
      @id("describer") permit (principal == Caller::"writer", action in [Action::"read"], resource);
      @id("administrator") permit (principal == Caller::"administrator", action, resource);
    `),
    environments: { dev: { ...declared.environments.dev, requiredSecrets: ['hidden-and-missing', 'seen-and-missing'] } }
  })
  const aws = gateway.aws('AKIADEV')
  for (const name of ['hidden', 'seen', 'seen//twice']) await aws.createSecret({ Name: `dev/${name}`, SecretString: 'v' })
  gateway.catchUp()
  const reader = await gateway.send('GET', '/environments/dev/posture', { token: tokens.reader })
  t.match(reader.json, { items: [{ name: 'seen' }, { name: 'seen-and-missing', state: 'missing' }], unaddressable: 1 })
  t.equal(reader.json.items.length, 2)
  t.match(await gateway.send('GET', '/environments/dev/posture', { token: tokens.writer }), { status: 403, json: { code: 'forbidden' } })
  t.equal((await gateway.send('GET', '/environments/none/posture')).status, 404)
  for (const query of ['rule=none', 'rule=', 'rule=value,', 'status=bad', 'limit=101', 'cursor=none']) t.equal((await gateway.send('GET', `/environments/dev/posture?${query}`)).status, 400, query)
})

t.test('a secret that is deleted in the meantime is left out, and any other failure is reported', async (t) => {
  const gateway = await build(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'v' })
  const { aws: port } = gateway.fastify
  const { getResourcePolicy } = port
  port.getResourcePolicy = async (call, name) => {
    await aws.deleteSecret({ SecretId: `dev/${name}`, ForceDeleteWithoutRecovery: true })
    return getResourcePolicy(call, name)
  }
  t.strictSame(await judged(gateway, 'rule=public-policy'), {})
  await aws.createSecret({ Name: 'dev/b', SecretString: 'v' })
  port.getResourcePolicy = async () => Promise.reject(new TypeError('unexpected'))
  t.equal((await gateway.send('GET', '/environments/dev/posture?rule=public-policy')).status, 500)
})

t.test('resource policies that grant public access', async (t) => {
  const policy = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: statement })
  const all = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }
  const open = [
    all, [{ ...all, Effect: 'Deny' }, all], { ...all, Principal: { AWS: '*' } }, { ...all, Principal: { AWS: ['arn:aws:iam::111111111111:root', '*'] } },
    { ...all, Principal: undefined, NotPrincipal: { AWS: '111111111111' } },
    { ...all, Condition: { StringLike: { 'aws:PrincipalArn': '*' } } }, { ...all, Condition: { StringNotEquals: { 'aws:PrincipalAccount': '111111111111' } } },
    { ...all, Condition: { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } } }, { ...all, Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } } },
    { ...all, Condition: { StringEqualsIfExists: { 'aws:SourceVpc': 'vpc-1' } } }, { ...all, Condition: { 'ForAllValues:StringEquals': { 'aws:SourceVpc': 'vpc-1' } } },
    ...['128.0.0.0/1', '64.0.0.0/7', '::/0', '2000::/3', '2001:db8::/31', '${aws:SourceIp}', ['192.0.2.0/24', '0.0.0.0/0'], 1]
      .map((network) => ({ ...all, Condition: { IpAddress: { 'aws:SourceIp': network } } }))
  ]
  for (const statement of open) t.equal(isPublic(policy(statement)), true, JSON.stringify(statement))
  const closed = [
    { ...all, Effect: 'Deny' }, { ...all, Principal: { AWS: '111111111111' } }, { ...all, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } },
    { ...all, Condition: { 'ForAnyValue:StringLike': { 'AWS:PrincipalOrgPaths': ['o-1/r-1/'] } } }, { ...all, Condition: { IpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '2001:db8::/32', '10.0.0.0/8'] } } }, []
  ]
  for (const statement of closed) t.equal(isPublic(policy(statement)), false, JSON.stringify(statement))
  for (const text of ['', '{}', '[]', '"x"', '{']) t.equal(isPublic(text), undefined, text)
  const { judge } = rules['public-policy']
  const environment = environmentFrom('dev', declared.environments.dev)
  const facts: SecretFacts = { secret: { name: 'a', arn: 'a', state: 'active' } as unknown as SecretFacts['secret'], policy: 'x' }
  t.match(judge(facts, { environment, thresholds: defaultThresholds, now: 0 }), { status: 'unknown' })
})

t.test('a list of all rules is accepted', async (t) => {
  const gateway = await build(t)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  t.strictSame(Object.keys((await judged(gateway, `rule=${allRules}`)).a ?? {}).filter((rule): rule is RuleName => rule in rules).length, 7)
})
