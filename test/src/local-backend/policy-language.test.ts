import fc from 'fast-check'
import t from 'tap'
import { findingOf, refusalOf, type Finding, type PolicyRequest } from '#src/local-backend/policies/evaluate'
import { parsePolicy, type PolicyKind } from '#src/local-backend/policies/parse'
import { matches, readPattern } from '#src/local-backend/policies/pattern'
import { PolicyError } from '#src/local-backend/policies/policy-error'
import { isPublic } from '#src/local-backend/policies/public-access'

type Elements = Record<string, unknown>

const root = 'arn:aws:iam::111111111111:root'
const ada = 'arn:aws:iam::111111111111:user/teams/ada'
const secret = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:app/db-AbCdEf'

const context: Record<string, string[]> = {
  'aws:username': ['ada'],
  'aws:sourceip': ['10.1.2.3'],
  'aws:currenttime': ['2026-03-04T10:20:30.456Z'],
  'aws:epochtime': ['1772619630'],
  'aws:securetransport': ['true'],
  'aws:principalarn': [ada],
  'aws:tagkeys': ['team', 'cost'],
  'aws:requesttag/team': ['a*'],
  'secretsmanager:recoverywindowindays': ['10'],
  'secretsmanager:name': ['app/ada/db']
}

const request: PolicyRequest = {
  requester: { arn: ada, accountId: '111111111111' },
  action: 'secretsmanager:GetSecretValue',
  resource: secret,
  context: new Map(Object.entries(context))
}

const everything: Elements = { Effect: 'Allow', Action: '*', Resource: '*' }

function policy (statement: Elements | Elements[], kind: PolicyKind = 'identity', Version = '2012-10-17') {
  return parsePolicy(JSON.stringify({ Version, Statement: statement }), kind)
}

function says (statement: Elements | Elements[], kind?: PolicyKind, of = request): Finding {
  return findingOf([policy(statement, kind)], of)
}

const messageAbout = (element: string) => new RegExp(`^${element.replace(/[[\].$*]/g, '\\$&')} `)

await t.test('actions and resources', async (t) => {
  const matching: [Elements, boolean][] = [
    [{ Action: 'secretsmanager:GetSecretValue' }, true],
    [{ Action: 'SecretsManager:getsecretvalue' }, true],
    [{ Action: ['secretsmanager:PutSecretValue', 'secretsmanager:Get*'] }, true],
    [{ Action: 'secretsmanager:Get*Val?e' }, true],
    [{ Action: 'secretsmanager:GetSecret' }, false],
    [{ Action: 's3:*' }, false],
    [{ Action: undefined, NotAction: 'secretsmanager:Put*' }, true],
    [{ Action: undefined, NotAction: ['secretsmanager:Put*', 'secretsmanager:get*'] }, false],
    [{ Resource: secret }, true],
    [{ Resource: 'arn:aws:secretsmanager:*:*:secret:app/*' }, true],
    [{ Resource: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:app/db-??????' }, true],
    [{ Resource: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:app/db-?????' }, false],
    [{ Resource: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:APP/*' }, false],
    [{ Resource: ['arn:aws:s3:::x', 'arn:*:app/db-AbCdEf'] }, true],
    [{ Resource: undefined, NotResource: 'arn:aws:secretsmanager:*:*:secret:app/*' }, false],
    [{ Resource: undefined, NotResource: 'arn:aws:secretsmanager:*:*:secret:web/*' }, true]
  ]
  for (const [elements, applies] of matching) {
    const statement = { ...everything, ...elements }
    t.equal(says(statement), applies ? 'Allow' : 'Nothing', JSON.stringify(elements))
    t.equal(says({ ...statement, Effect: 'Deny' }), applies ? 'Deny' : 'Nothing', JSON.stringify(elements))
  }
})

await t.test('conditions', async (t) => {
  const missing = 'aws:SourceVpc'
  const table: [Record<string, Elements>, boolean][] = [
    [{}, true],
    [{ StringEquals: { 'aws:username': 'ada' } }, true],
    [{ StringEquals: { 'AWS:UserName': ['bob', 'ada'] } }, true],
    [{ StringEquals: { 'aws:username': 'Ada' } }, false],
    [{ StringEquals: { 'aws:username': 'a*' } }, false],
    [{ StringEquals: { 'aws:username': 'ada' }, Bool: { 'aws:SecureTransport': 'false' } }, false],
    [{ StringEquals: { 'aws:username': 'ada', 'secretsmanager:Name': 'other' } }, false],
    [{ StringNotEquals: { 'aws:username': ['bob', 'eve'] } }, true],
    [{ StringNotEquals: { 'aws:username': ['bob', 'ada'] } }, false],
    [{ StringEqualsIgnoreCase: { 'aws:username': 'ADA' } }, true],
    [{ StringNotEqualsIgnoreCase: { 'aws:username': 'ADA' } }, false],
    [{ StringLike: { 'secretsmanager:Name': 'app/*/d?' } }, true],
    [{ StringLike: { 'secretsmanager:Name': 'app/' } }, false],
    [{ StringNotLike: { 'secretsmanager:Name': 'app/*' } }, false],
    [{ StringEquals: { [missing]: 'v' } }, false],
    [{ StringNotEquals: { [missing]: 'v' } }, true],
    [{ StringEqualsIfExists: { [missing]: 'v' } }, true],
    [{ StringEqualsIfExists: { 'aws:username': 'eve' } }, false],
    [{ Null: { [missing]: 'true' } }, true],
    [{ Null: { [missing]: false } }, false],
    [{ Null: { 'aws:username': 'FALSE' } }, true],
    [{ Bool: { 'aws:SecureTransport': true } }, true],
    [{ Bool: { 'aws:username': 'true' } }, false],
    [{ NumericEquals: { 'secretsmanager:RecoveryWindowInDays': 10 } }, true],
    [{ NumericEquals: { 'secretsmanager:RecoveryWindowInDays': '10.0' } }, true],
    [{ NumericNotEquals: { 'secretsmanager:RecoveryWindowInDays': '10' } }, false],
    [{ NumericLessThan: { 'secretsmanager:RecoveryWindowInDays': '10' } }, false],
    [{ NumericLessThanEquals: { 'secretsmanager:RecoveryWindowInDays': '10' } }, true],
    [{ NumericGreaterThan: { 'secretsmanager:RecoveryWindowInDays': '9' } }, true],
    [{ NumericGreaterThanEquals: { 'secretsmanager:RecoveryWindowInDays': '11' } }, false],
    [{ NumericEquals: { 'aws:username': '1' } }, false],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2026-03-04T10:20:30Z' } }, true],
    [{ DateGreaterThanEquals: { 'aws:CurrentTime': '2026-03-04T11:20:31+01:00' } }, false],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-03-05' } }, true],
    [{ DateLessThanEquals: { 'aws:CurrentTime': '2026' } }, false],
    [{ DateEquals: { 'aws:EpochTime': '2026-03-04T10:20:30Z' } }, true],
    [{ DateNotEquals: { 'aws:EpochTime': '1772619630' } }, false],
    [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, true],
    [{ IpAddress: { 'aws:SourceIp': ['2001:db8::/32', '10.1.2.3'] } }, true],
    [{ IpAddress: { 'aws:SourceIp': '10.1.2.4' } }, false],
    [{ IpAddress: { 'aws:username': '0.0.0.0/0' } }, false],
    [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, false],
    [{ NotIpAddress: { 'aws:SourceIp': '192.168.0.0/16' } }, true],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:user/*' } }, true],
    [{ ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/teams/ada' } }, true],
    [{ ArnEquals: { 'aws:PrincipalArn': '*' } }, true],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:*:user/teams/ada:x:y:z' } }, false],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111111111111:user/teams/${aws:username}' } }, true],
    [{ ArnLike: { 'aws:username': 'arn:aws:iam::111111111111:user/*' } }, false],
    [{ ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::222222222222:user/*' } }, true],
    [{ ArnNotEquals: { 'aws:PrincipalArn': ada } }, false],
    [{ BinaryEquals: { 'aws:username': 'ada' } }, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['team', 'owner'] } }, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'owner' } }, false],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'cost', 'owner'] } }, true],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' } }, false],
    [{ 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': 'team' } }, true],
    [{ 'ForAllValues:StringNotEquals': { 'aws:TagKeys': 'team' } }, false],
    [{ StringEquals: { 'aws:TagKeys': 'team' } }, true],
    [{ StringNotEquals: { 'aws:TagKeys': 'team' } }, false],
    [{ 'ForAllValues:StringEquals': { [missing]: 'v' } }, true],
    [{ 'ForAnyValue:StringEquals': { [missing]: 'v' } }, false],
    [{ 'ForAnyValue:StringEqualsIfExists': { [missing]: 'v' } }, true]
  ]
  for (const [Condition, holds] of table) {
    t.equal(says({ ...everything, Condition }), holds ? 'Allow' : 'Nothing', JSON.stringify(Condition))
  }
})

await t.test('variables', async (t) => {
  const named = (Resource: string, resource: string) => says({ ...everything, Resource }, 'identity', { ...request, resource })
  t.equal(named('arn:x:${aws:username}/*', 'arn:x:ada/db'), 'Allow')
  t.equal(named('arn:x:${AWS:UserName}', 'arn:x:bob'), 'Nothing')
  t.equal(named('arn:x:${aws:SourceVpc}', 'arn:x:'), 'Nothing', 'a variable whose key has no value')
  t.equal(named('arn:x:${aws:TagKeys}', 'arn:x:team'), 'Nothing', 'a variable whose key has several values')
  t.equal(named('arn:x:${aws:SourceVpc, \'none\'}', 'arn:x:none'), 'Allow')
  t.equal(named('arn:x:${aws:username, \'none\'}', 'arn:x:none'), 'Nothing')
  t.equal(named('arn:x:${aws:RequestTag/team}', 'arn:x:a*'), 'Allow')
  t.equal(named('arn:x:${aws:RequestTag/team}', 'arn:x:abc'), 'Nothing', 'a request can\'t inject wildcards')
  t.equal(named('arn:x:${*}${?}${$}', 'arn:x:*?$'), 'Allow')
  t.equal(named('arn:x:${*}', 'arn:x:abc'), 'Nothing')
  t.equal(named('arn:x:${aws:username', 'arn:x:${aws:username'), 'Allow', 'an incomplete variable is literal text')
  const old = policy({ ...everything, Resource: 'arn:x:${aws:username}' }, 'identity', '2008-10-17')
  t.equal(findingOf([old], { ...request, resource: 'arn:x:ada' }), 'Nothing', 'in the old version of the language')
  t.equal(findingOf([old], { ...request, resource: 'arn:x:${aws:username}' }), 'Allow')
  t.equal(says({ ...everything, Condition: { StringEquals: { 'secretsmanager:Name': 'app/${aws:username}/db' } } }), 'Allow')
})

await t.test('principals', async (t) => {
  const session = 'arn:aws:sts::222222222222:assumed-role/reader/run'
  const accounts: Record<string, string> = { [root]: '111111111111', [ada]: '111111111111', [session]: '222222222222' }
  const table: [unknown, Finding[], Finding[]][] = [
    // Each row has three parts:
    // - the principal of a statement
    // - the findings if the statement's effect is Allow: for the root user, for ada, and for a session of another account
    // - the findings if the statement's effect is Deny, for the same three requesters
    ['*', ['Allow', 'Allow', 'Allow'], ['Deny', 'Deny', 'Deny']],
    [{ AWS: '*' }, ['Allow', 'Allow', 'Allow'], ['Deny', 'Deny', 'Deny']],
    [{ AWS: '111111111111' }, ['Allow', 'Delegate', 'Nothing'], ['Deny', 'Deny', 'Nothing']],
    [{ AWS: root }, ['Allow', 'Delegate', 'Nothing'], ['Deny', 'Deny', 'Nothing']],
    [{ AWS: ['222222222222', ada] }, ['Nothing', 'Allow', 'Delegate'], ['Nothing', 'Deny', 'Deny']],
    [{ AWS: session }, ['Nothing', 'Nothing', 'Allow'], ['Nothing', 'Nothing', 'Deny']],
    [{ Service: 'lambda.amazonaws.com' }, ['Nothing', 'Nothing', 'Nothing'], ['Nothing', 'Nothing', 'Nothing']],
    [{ Service: 'lambda.amazonaws.com', AWS: ada }, ['Nothing', 'Allow', 'Nothing'], ['Nothing', 'Deny', 'Nothing']],
    [{ Federated: 'accounts.google.com' }, ['Nothing', 'Nothing', 'Nothing'], ['Nothing', 'Nothing', 'Nothing']]
  ]
  for (const [Principal, allows, denies] of table) {
    const findings = (Effect: string) => Object.entries(accounts).map(([arn, accountId]) =>
      says({ ...everything, Effect, Principal }, 'resource', { ...request, requester: { arn, accountId } }))
    t.strictSame([findings('Allow'), findings('Deny')], [allows, denies], JSON.stringify(Principal))
  }
  const NotPrincipal = { AWS: ['222222222222', ada] }
  t.strictSame(Object.entries(accounts).map(([arn, accountId]) =>
    says({ ...everything, Effect: 'Deny', NotPrincipal }, 'resource', { ...request, requester: { arn, accountId } })),
  ['Deny', 'Nothing', 'Nothing'])
})

await t.test('malformed policies are rejected, with a message that names the element', async (t) => {
  const identity: [unknown, string][] = [
    ['not JSON', 'Policy'], ['[]', 'Policy'], ['null', 'Policy'], ['"*"', 'Policy'],
    [`{"Statement":${JSON.stringify(everything)},"Statement":${JSON.stringify(everything)}}`, 'Statement'], ['['.repeat(17) + ']'.repeat(17), 'Policy'],
    [{ Version: '2019-10-19', Statement: everything }, 'Version'], [{ Id: 1, Statement: everything }, 'Id'],
    [{ Statement: everything, Extra: '' }, 'Policy.Extra'], [{}, 'Statement'], [{ Statement: [] }, 'Statement'],
    [{ Statement: [everything, 'x'] }, 'Statement[1]']
  ]
  const statements: [Elements, string][] = [
    [{ Extra: 'x' }, 'Statement.Extra'],
    [{ Sid: 1 }, 'Statement.Sid'],
    [{ Effect: 'AllowSomething' }, 'Statement.Effect'], [{ Effect: 'allow' }, 'Statement.Effect'], [{ Effect: undefined }, 'Statement.Effect'],
    [{ Action: undefined }, 'Statement'], [{ NotAction: '*' }, 'Statement'], [{ Action: [] }, 'Statement.Action'],
    [{ Action: '' }, 'Statement.Action'], [{ Action: [1] }, 'Statement.Action'], [{ Action: 'GetSecretValue' }, 'Statement.Action'],
    [{ Action: null }, 'Statement.Action'],
    [{ Resource: undefined }, 'Statement'], [{ NotResource: '*' }, 'Statement'], [{ Resource: 'app/*' }, 'Statement.Resource'],
    [{ Principal: '*' }, 'Statement.Principal'], [{ NotPrincipal: '*' }, 'Statement.NotPrincipal'],
    [{ Condition: 'x' }, 'Statement.Condition'], [{ Condition: { StringEquals: [] } }, 'Statement.Condition.StringEquals'],
    [{ Condition: { StringEquals: {} } }, 'Statement.Condition.StringEquals'],
    [{ Condition: { StringEquals: { username: 'x' } } }, 'Statement.Condition.StringEquals.username'],
    [{ Condition: { StringEquals: { 'aws:username': [] } } }, 'Statement.Condition.StringEquals.aws:username'],
    [{ Condition: { StringEquals: { 'aws:username': {} } } }, 'Statement.Condition.StringEquals.aws:username'],
    ...['StringEqualz', 'stringEquals', 'constructor', 'ForSomeValues:StringEquals', 'NullIfExists', 'ForAnyValue:Null', '']
      .map((operator): [Elements, string] => [{ Condition: { [operator]: { 'aws:username': 'x' } } }, `Statement.Condition.${operator}.aws:username`]),
    ...[
      ['NumericEquals', 'ten'], ['Bool', 'yes'], ['Bool', 'constructor'], ['Null', 'x'], ['DateEquals', 'yesterday'], ['DateEquals', '2026-13-01'],
      ['IpAddress', '10.0.0.0/33'], ['IpAddress', '10.0.0.0/8/8'], ['IpAddress', 'localhost'], ['IpAddress', '::1/129'], ['IpAddress', '10.0.0.0/'],
      ['ArnEquals', 'ada']
    ].map(([operator = '', value]): [Elements, string] =>
      [{ Condition: { [operator]: { 'aws:username': value } } }, `Statement.Condition.${operator}.aws:username`])
  ]
  const resource: [Elements, string][] = [
    [{}, 'Statement'], [{ Principal: '*', NotPrincipal: '*' }, 'Statement'], [{ NotPrincipal: '*' }, 'Statement.NotPrincipal'],
    [{ Principal: {} }, 'Statement.Principal'], [{ Principal: 'ada' }, 'Statement.Principal'], [{ Principal: { AWS: [] } }, 'Statement.Principal.AWS'],
    [{ Principal: { Everyone: '*' } }, 'Statement.Principal.Everyone']
  ]
  const refused = (text: string, kind: PolicyKind, element: string) =>
    t.throws(() => parsePolicy(text, kind), { name: 'PolicyError', message: messageAbout(element), kind: 'syntax' }, text)
  for (const [document, element] of identity) refused(typeof document === 'string' ? document : JSON.stringify(document), 'identity', element)
  for (const [elements, element] of statements) refused(JSON.stringify({ Statement: { ...everything, ...elements } }), 'identity', element)
  for (const [elements, element] of resource) refused(JSON.stringify({ Statement: { ...everything, ...elements } }), 'resource', element)
  const twice = JSON.stringify({ Statement: [{ ...everything, Sid: 'a' }, { ...everything, Sid: 'b' }, { ...everything, Sid: 'a' }] })
  refused(twice, 'identity', 'Statement[2].Sid')
  t.doesNotThrow(() => parsePolicy(twice.replace('"a"', '"c"'), 'identity'))
})

await t.test('principals that AWS does not accept', async (t) => {
  const principal = (Principal: unknown) => JSON.stringify({ Statement: { ...everything, Principal } })
  for (const value of [
    { AWS: 'ada' }, { AWS: 'AIDAABCDEFGHIJKLMNOPQ' }, { AWS: 'arn:aws:iam::111111111111:user/*' }, { AWS: 'arn:aws:iam::1:root' },
    { AWS: '111111111111:root' }, { AWS: 'arn:aws:iam::111111111111' }, { AWS: 'arn:aws-cn:iam::111111111111:root' },
    { AWS: [ada, 'arn:aws:iam::111111111111:group/all'] }, { Federated: '*' }
  ]) t.throws(() => parsePolicy(principal(value), 'resource'), { name: 'PolicyError', kind: 'principal' }, JSON.stringify(value))
  for (const value of [{ Service: '*' }, { Service: ['lambda.amazonaws.com', 'example.com'] }]) {
    t.throws(() => parsePolicy(principal(value), 'resource'), { name: 'PolicyError', kind: 'service-principal' }, JSON.stringify(value))
  }
})

await t.test('public policies', async (t) => {
  const open = { ...everything, Principal: '*' }
  const table: [Elements | Elements[], boolean][] = [
    [open, true],
    [{ ...open, Principal: { AWS: [ada, '*'] } }, true],
    [{ ...open, Principal: { AWS: ada } }, false],
    [{ ...open, Effect: 'Deny' }, false],
    [[{ ...open, Effect: 'Deny' }, open], true],
    ...([
      ['StringEquals', 'aws:PrincipalOrgID', 'o-1', false], ['StringEquals', 'aws:sourceaccount', ['111111111111', '222222222222'], false],
      ['StringLike', 'aws:SourceVpc', 'vpc-1', false], ['StringLike', 'aws:SourceVpc', 'vpc-*', true],
      ['StringLike', 'aws:SourceVpc', ['vpc-1', 'vpc-?'], true], ['StringEquals', 'aws:PrincipalAccount', '${aws:ResourceAccount}', true],
      ['StringNotEquals', 'aws:SourceVpc', 'vpc-1', true], ['StringEqualsIfExists', 'aws:SourceVpc', 'vpc-1', true],
      ['ForAllValues:StringEquals', 'aws:SourceVpc', 'vpc-1', true], ['ForAnyValue:StringEquals', 'aws:PrincipalOrgPaths', 'o-1/r/', false],
      ['StringEquals', 'aws:RequestTag/team', 'a', true], ['Null', 'aws:SourceVpc', 'false', true],
      ['ArnEquals', 'aws:PrincipalArn', ada, false], ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/x', true],
      ['IpAddress', 'aws:SourceIp', '10.0.0.0/8', false], ['IpAddress', 'aws:SourceIp', '203.0.113.7', false],
      ['IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '128.0.0.0/1'], true], ['IpAddress', 'aws:SourceIp', '2001:db8::/32', false],
      ['IpAddress', 'aws:SourceIp', '2000::/8', true], ['NotIpAddress', 'aws:SourceIp', '10.0.0.0/8', true]
    ] as const).map(([operator, key, value, isPublic]): [Elements, boolean] => [{ ...open, Condition: { [operator]: { [key]: value } } }, isPublic]),
    [{ ...open, Condition: { StringEquals: { 'aws:RequestTag/team': 'a', 'aws:SourceVpc': 'vpc-1' } } }, false]
  ]
  for (const [statement, expected] of table) t.equal(isPublic(policy(statement, 'resource')), expected, JSON.stringify(statement))
})

await t.test('the policies that must allow a request, and those that can deny it', async (t) => {
  // Combines each effect of an identity policy with each effect of a resource policy. Compares each result with that of a simple,
  // independent implementation of AWS's rules.
  const effects: Record<Finding, Elements[]> = {
    Allow: [everything], Deny: [everything, { ...everything, Effect: 'Deny' }], Nothing: [{ ...everything, Action: 's3:*' }],
    Delegate: [{ ...everything, Principal: { AWS: '111111111111' } }]
  }
  const identities = ['Allow', 'Deny', 'Nothing'] as const
  const resources = ['Allow', 'Deny', 'Nothing', 'Delegate', 'none'] as const
  const ways = [true, false].flatMap((sameAccount) => identities.flatMap((identity) => resources.map((resource) => ({ sameAccount, identity, resource }))))
  for (const { sameAccount, identity, resource } of ways) {
    const refusal = refusalOf({
      identityPolicies: [policy(effects[identity])],
      resourcePolicy: resource === 'none'
        ? undefined
        : policy(effects[resource].map((statement) => ({ Principal: { AWS: ada }, ...statement })), 'resource'),
      sameAccount
    }, request)
    const isDenied = identity === 'Deny' || resource === 'Deny'
    const allows = sameAccount
      ? identity === 'Allow' || resource === 'Allow'
      : identity === 'Allow' && (resource === 'Allow' || resource === 'Delegate')
    t.equal(refusal === undefined, allows && !isDenied, `${identity} and ${resource}, ${sameAccount ? 'one account' : 'two accounts'}`)
    if (isDenied) t.match(refusal, /^denied-by-/)
  }
})

const some = { numRuns: 500 }

await t.test('wildcards match like in a simple reference implementation', async () => {
  const plainly = (pattern: string, text: string): boolean => {
    if (pattern === '') return text === ''
    if (pattern.startsWith('*')) return plainly(pattern.slice(1), text) || (text !== '' && plainly(pattern, text.slice(1)))
    return text !== '' && (pattern.startsWith('?') || text.startsWith(pattern.charAt(0))) && plainly(pattern.slice(1), text.slice(1))
  }
  const of = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 8 })
  fc.assert(fc.property(of('ab*?'), of('ab*'), (pattern, text) =>
    matches(readPattern(pattern, { wildcards: true, variables: false }), text, new Map()) === plainly(pattern, text)), { numRuns: 5000 })
})

await t.test('matching many wildcards takes at most the product of both lengths', async (t) => {
  const pattern = readPattern(`${'*a'.repeat(2000)}b`, { wildcards: true, variables: false })
  t.notOk(matches(pattern, 'a'.repeat(5000), new Map()))
})

const anyStatement = fc.record({
  Effect: fc.constantFrom('Allow', 'Deny'),
  Action: fc.constantFrom('*', 'secretsmanager:*', 'secretsmanager:Get*', 'secretsmanager:PutSecretValue', 's3:*'),
  Resource: fc.constantFrom('*', secret, 'arn:aws:secretsmanager:*:*:secret:app/*', 'arn:aws:secretsmanager:*:*:secret:web/*'),
  Condition: fc.constantFrom({}, { StringEquals: { 'aws:username': 'ada' } }, { StringNotLike: { 'aws:username': 'a*' } })
})

await t.test('a statement that denies always wins, regardless of its position', async () => {
  const deny = { ...everything, Effect: 'Deny' }
  fc.assert(fc.property(fc.array(anyStatement), fc.nat(), (statements, place) => {
    const at = place % (statements.length + 1)
    const alone = findingOf([policy([...statements.slice(0, at), deny, ...statements.slice(at)])], request)
    const among = findingOf([policy([deny]), ...statements.map((statement) => policy(statement))], request)
    return alone === 'Deny' && among === 'Deny'
  }), some)
})

await t.test('neither the order of statements nor their distribution over policies matters', async () => {
  fc.assert(fc.property(fc.array(anyStatement, { minLength: 1 }), (statements) => {
    const findings = [[policy(statements)], [policy([...statements].reverse())], statements.map((statement) => policy(statement))]
      .map((policies) => findingOf(policies, request))
    return new Set(findings).size === 1
  }), some)
})

await t.test('a policy that allows nothing changes nothing', async () => {
  fc.assert(fc.property(fc.array(anyStatement, { minLength: 1 }), (statements) => {
    const single = statements.map((statement) => says(statement))
    const expected = single.includes('Deny') ? 'Deny' : single.includes('Allow') ? 'Allow' : 'Nothing'
    return says(statements) === expected
  }), some)
})

await t.test('any text is either a policy or rejected with a PolicyError', async () => {
  const document = fc.record({
    Version: fc.constantFrom('2012-10-17', '2008-10-17', undefined),
    Statement: fc.array(fc.record({
      Effect: fc.constantFrom('Allow', 'Deny', 1),
      Principal: fc.oneof(fc.constant('*'), fc.jsonValue()),
      Action: fc.oneof(fc.constant('*'), fc.jsonValue()),
      Resource: fc.oneof(fc.constant('*'), fc.jsonValue()),
      Condition: fc.oneof(fc.constant({}), fc.jsonValue())
    }))
  }).map((value) => JSON.stringify(value))
  fc.assert(fc.property(fc.oneof(fc.json(), fc.string(), document), (text) => {
    try {
      findingOf([parsePolicy(text, 'resource')], request)
      return true
    } catch (error) {
      return error instanceof PolicyError
    }
  }), { numRuns: 2000 })
})
