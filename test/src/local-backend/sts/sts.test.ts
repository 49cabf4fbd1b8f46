import { join } from 'node:path'
import { CreateSecretCommand, DescribeSecretCommand, GetSecretValueCommand, ListSecretsCommand, PutResourcePolicyCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { AssumeRoleCommand, GetCallerIdentityCommand, type AssumeRoleCommandInput } from '@aws-sdk/client-sts'
import t, { type Test } from 'tap'
import { startLocalBackend, type OperationEvent } from '#src/local-backend/server'
import { account, clientOf, otherAccount, rawRequest, region, start, stoppedClock, type RawRequest, type RawResponse } from '#test/src/local-backend/backend'
import { document, everything, keysIn, role, roleArn, startWith, stsOf, trusts, user, userArn, type Keys, type Statement } from './world.ts'

const RoleSessionName = 'ada'
const assume = async (t: Test, backend: { url: string }, by: Keys, input: Partial<AssumeRoleCommandInput> & { RoleArn: string }) =>
  stsOf(t, backend, by).send(new AssumeRoleCommand({ RoleSessionName, ...input }))

const secretsOf = (t: Test, backend: { url: string }, credentials: Keys, inRegion = region): SecretsManagerClient =>
  clientOf(t, backend, { accountId: '', ...credentials }, inRegion)

const ada = user('ADA')
const adaMayNothing = user('NOBODY', [{ ...everything, Action: 's3:*' }])
const stranger = user('STRANGER', [everything], otherAccount)
const reader = roleArn('reader')

/** Returns AWS's error for a denied call, with its exact message. */
const denied = (user: string, role: string, { action = 'AssumeRole', reason = '' } = {}) => ({
  name: 'AccessDenied',
  message: `User: ${user} is not authorized to perform: sts:${action} on resource: ${role}${reason}`,
  $metadata: { httpStatusCode: 403 }
})

const query = (body: string): RawRequest => ({ service: 'sts', body, headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } })

/** Returns the error in a raw response, after checking that the response has AWS's format. */
function errorIn ({ status, headers, body }: RawResponse): { code?: string, message?: string, type?: string, status: number | undefined } {
  const [, type, code, message, requestId] = /^<ErrorResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><Error><Type>(\w+)<\/Type><Code>(\w+)<\/Code><Message>(.*)<\/Message><\/Error><RequestId>([0-9a-f-]{36})<\/RequestId><\/ErrorResponse>$/.exec(body) ?? []
  if (type === undefined || headers['content-type'] !== 'text/xml' || headers['x-amzn-requestid'] !== requestId) throw new Error(`no error of STS: ${body}`)
  const text = message?.replaceAll('&apos;', '\'').replaceAll('&amp;', '&')
  return { status, type, ...code !== undefined && { code }, ...text !== undefined && { message: text } }
}

await t.test('a signer learns their own identity', async (t) => {
  const backend = await startWith(t, [ada], { roles: [role(roleArn('service/path/reader'), [trusts(userArn(ada))])] })
  const identify = async (keys: Keys) => stsOf(t, backend, keys, 'us-east-1').send(new GetCallerIdentityCommand())
  t.match(await identify(account), { Account: account.accountId, Arn: `arn:aws:iam::${account.accountId}:root`, UserId: account.accountId })
  t.match(await identify(ada), { Account: account.accountId, Arn: userArn(ada), UserId: /^AIDA[A-Z2-7]{17}$/ })

  const assumed = await assume(t, backend, ada, { RoleArn: roleArn('service/path/reader') })
  const sessionArn = `arn:aws:sts::${account.accountId}:assumed-role/reader/ada`
  t.match(assumed.AssumedRoleUser, { Arn: sessionArn, AssumedRoleId: /^AROA[A-Z2-7]{17}:ada$/ })
  t.match(assumed.Credentials, { AccessKeyId: /^ASIA[A-Z2-7]{16}$/, Expiration: Date })
  t.match(assumed, { PackedPolicySize: undefined, SessionTokenSize: assumed.Credentials?.SessionToken?.length, SessionTokenUtilization: Number })
  t.equal(assumed.SourceIdentity, undefined)
  t.match(await identify(keysIn(assumed)), { Account: account.accountId, Arn: sessionArn, UserId: String(assumed.AssumedRoleUser?.AssumedRoleId) })
  t.match((await identify(account)).$metadata.requestId, /^[0-9a-f-]{36}$/)
})

await t.test('a session has the permissions of its role, in the role\'s account', async (t) => {
  const events: OperationEvent[] = []
  const limited = role(roleArn('limited', otherAccount), [trusts(userArn(ada))], {
    identityPolicies: [document({ Effect: 'Allow', Action: 'secretsmanager:DescribeSecret', Resource: '*' })]
  })
  const withoutPolicies = { arn: roleArn('powerless', otherAccount), trustPolicy: document(trusts(userArn(ada))) }
  const backend = await startWith(t, [ada], { roles: [limited, withoutPolicies], onOperation: (event) => { events.push(event) } })
  await clientOf(t, backend, otherAccount).send(new CreateSecretCommand({ Name: 'db', SecretString: 'v' }))
  const session = secretsOf(t, backend, keysIn(await assume(t, backend, ada, { RoleArn: limited.arn })))
  const arn = `arn:aws:sts::${otherAccount.accountId}:assumed-role/limited/ada`
  const described = await session.send(new DescribeSecretCommand({ SecretId: 'db' }))
  t.match(described.ARN, `:${otherAccount.accountId}:secret:db-`)
  await t.rejects(session.send(new GetSecretValueCommand({ SecretId: 'db' })), {
    name: 'AccessDeniedException',
    message: `User: ${arn} is not authorized to perform: secretsmanager:GetSecretValue on resource: ${String(described.ARN)} because no identity-based policy allows the secretsmanager:GetSecretValue action`
  })
  t.match(events.slice(1), [
    { service: 'sts', operation: 'AssumeRole', accountId: account.accountId, region, principal: userArn(ada) },
    { service: 'secretsmanager', operation: 'DescribeSecret', accountId: otherAccount.accountId, region, principal: arn },
    { operation: 'GetSecretValue', principal: arn }
  ])
  const nothing = secretsOf(t, backend, keysIn(await assume(t, backend, ada, { RoleArn: withoutPolicies.arn })))
  await t.rejects(nothing.send(new DescribeSecretCommand({ SecretId: 'db' })), { name: 'AccessDeniedException' }, 'a role has no permissions by default')
})

await t.test('the principals that a role trusts, and those that may assume it', async (t) => {
  const cases: Record<string, { statements: Statement[], by?: typeof ada, refused?: { action?: string, reason?: string } | true, input?: Partial<Omit<AssumeRoleCommandInput, 'RoleArn'>> }> = {
    'a user by name, whose own policies need not allow it': { statements: [trusts(userArn(adaMayNothing))], by: adaMayNothing },
    'its own account, which leaves it to the user\'s policies': { statements: [trusts(account.accountId)] },
    'its own account, where the user\'s policies don\'t allow it': { statements: [trusts(account.accountId)], by: adaMayNothing, refused: true },
    'nobody, although the user\'s policies allow it': { statements: [trusts(userArn(stranger))], refused: true },
    'another account': { statements: [trusts(otherAccount.accountId)], by: stranger },
    'another account than the caller\'s': { statements: [trusts('333333333333')], by: stranger, refused: true },
    'a user of another account by name': { statements: [trusts(userArn(stranger))], by: stranger },
    'a user of another account, whose own policies don\'t allow it': {
      statements: [trusts(userArn(user('OTHER', [], otherAccount)))],
      by: { ...stranger, accessKeyId: 'OTHER', identityPolicies: [document({ ...everything, Action: 's3:*' })] },
      refused: true
    },
    'a caller whom the role denies': {
      statements: [trusts('*'), { ...trusts(userArn(ada)), Effect: 'Deny' }], refused: { reason: ' with an explicit deny in a resource-based policy' }
    },
    'a caller whose own policies deny it': {
      statements: [trusts(userArn(stranger))],
      by: user('DENIED', [everything, { ...everything, Effect: 'Deny', Action: 'sts:*' }]),
      refused: true
    },
    'another action': { statements: [trusts(userArn(ada), { Action: 'sts:TagSession' })], refused: true },
    'the right external ID': {
      statements: [trusts(userArn(ada), { Condition: { StringEquals: { 'sts:ExternalId': 'a:b/c' } } })], input: { ExternalId: 'a:b/c' }
    },
    'a wrong external ID': {
      statements: [trusts(userArn(ada), { Condition: { StringEquals: { 'sts:ExternalId': 'a:b/c' } } })], input: { ExternalId: 'a:b/d' }, refused: true
    },
    'no external ID': {
      statements: [trusts(userArn(ada), { Condition: { StringEquals: { 'sts:ExternalId': 'a:b/c' } } })], refused: true
    },
    'a session\'s name': { statements: [trusts(userArn(ada), { Condition: { StringLike: { 'sts:RoleSessionName': 'a*' } } })] },
    'another session\'s name': {
      statements: [trusts(userArn(ada), { Condition: { StringEquals: { 'sts:RoleSessionName': '${aws:username}' } } })], refused: true
    },
    'a source identity that the role allows': {
      statements: [trusts(userArn(ada), { Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'], Condition: { StringLike: { 'sts:SourceIdentity': 'g*' } } })],
      input: { SourceIdentity: 'grace' }
    },
    'a missing source identity that the role requires': {
      statements: [trusts(userArn(ada), { Condition: { Null: { 'sts:SourceIdentity': 'false' } } })], refused: true
    },
    'a source identity that the role does not allow': {
      statements: [trusts(userArn(ada))], input: { SourceIdentity: 'grace' }, refused: { action: 'SetSourceIdentity' }
    },
    'from an address': { statements: [trusts(userArn(ada), { Condition: { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } })] }
  }
  const users = [ada, adaMayNothing, stranger, ...Object.values(cases).flatMap(({ by }) => by ?? [])]
  const names = Object.keys(cases)
  const backend = await startWith(t, [...new Map(users.map((one) => [one.accessKeyId, one])).values()], {
    roles: Object.values(cases).map(({ statements }, index) => role(roleArn(`role-${index}`), statements))
  })
  for (const [name, { by = ada, refused, input = {} }] of Object.entries(cases)) {
    const RoleArn = roleArn(`role-${names.indexOf(name)}`)
    const answer = assume(t, backend, by, { RoleArn, ...input })
    if (refused === undefined) t.match((await answer).AssumedRoleUser?.Arn, /:assumed-role\/role-\d+\/ada$/, name)
    else await t.rejects(answer, denied(userArn(by), RoleArn, refused === true ? {} : refused), name)
  }
  await t.rejects(assume(t, backend, ada, { RoleArn: roleArn('nowhere') }), denied(userArn(ada), roleArn('nowhere')), 'a missing role')
  await t.rejects(assume(t, backend, account, { RoleArn: roleArn('role-0') }), { name: 'AccessDenied', message: 'Roles may not be assumed by root accounts.' })
})

await t.test('an explicit deny of an identity is reported', async (t) => {
  const by = user('DENIED', [everything, { ...everything, Effect: 'Deny', Action: 'sts:AssumeRole' }])
  const backend = await startWith(t, [by], { roles: [role(reader, [trusts(userArn(by))])] })
  await t.rejects(assume(t, backend, by, { RoleArn: reader }), denied(userArn(by), reader, { reason: ' with an explicit deny in an identity-based policy' }))
})

await t.test('role chaining passes on the source identity', async (t) => {
  const both = ['sts:AssumeRole', 'sts:SetSourceIdentity']
  const [first, second, third] = ['first', 'second', 'third'].map((name) => roleArn(name)) as [string, string, string]
  const sessionOf = (name: string): string => `arn:aws:sts::${account.accountId}:assumed-role/${name}/ada`
  const events: OperationEvent[] = []
  const backend = await startWith(t, [ada], {
    roles: [
      role(first, [trusts(userArn(ada), { Action: both })]),
      role(second, [trusts(first, { Action: both, Condition: { StringEquals: { 'aws:PrincipalArn': first, 'aws:SourceIdentity': 'grace' } } })]),
      role(third, [trusts(sessionOf('first'))], { maxSessionDuration: 43_200 })
    ],
    onOperation: (event) => { events.push(event) }
  })
  const begun = await assume(t, backend, ada, { RoleArn: first, SourceIdentity: 'grace' })
  t.equal(begun.SourceIdentity, 'grace')
  const keys = keysIn(begun)
  const chained = await assume(t, backend, keys, { RoleArn: second })
  t.equal(chained.SourceIdentity, 'grace')
  await secretsOf(t, backend, keysIn(chained)).send(new ListSecretsCommand())
  t.match(events, [
    { operation: 'AssumeRole', principal: userArn(ada), sourceIdentity: undefined },
    { operation: 'AssumeRole', principal: sessionOf('first'), sourceIdentity: 'grace' },
    { operation: 'ListSecrets', principal: sessionOf('second'), sourceIdentity: 'grace' }
  ])
  t.match(await assume(t, backend, keys, { RoleArn: second, SourceIdentity: 'grace' }), { SourceIdentity: 'grace' })
  const refused = { action: 'SetSourceIdentity' }
  await t.rejects(assume(t, backend, keys, { RoleArn: second, SourceIdentity: 'alan' }), denied(sessionOf('first'), second, refused))
  await t.rejects(assume(t, backend, keys, { RoleArn: third }), denied(sessionOf('first'), third, refused), 'the role must allow this, too')

  const plain = keysIn(await assume(t, backend, ada, { RoleArn: first }))
  t.ok((await assume(t, backend, plain, { RoleArn: third })).Credentials, 'a role can trust a session by its own ARN')
  await t.rejects(assume(t, backend, plain, { RoleArn: third, DurationSeconds: 3601 }), {
    name: 'ValidationError', message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining'
  })
  await t.rejects(assume(t, backend, ada, { RoleArn: second }), denied(userArn(ada), second), 'the second role trusts only the first one')
})

await t.test('a session policy restricts permissions and grants none', async (t) => {
  const describing = { Effect: 'Allow', Action: 'secretsmanager:DescribeSecret', Resource: '*' }
  const backend = await startWith(t, [ada], {
    roles: [
      role(reader, [trusts(userArn(ada))], { identityPolicies: [document({ ...everything, Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue', 'secretsmanager:ListSecrets', 'sts:AssumeRole'] })] }),
      role(roleArn('next'), [trusts(reader)])
    ]
  })
  const owner = clientOf(t, backend)
  const { ARN = '' } = await owner.send(new CreateSecretCommand({ Name: 'db', SecretString: 'v' }))
  const sessionWith = async (...statements: Statement[]) => {
    const answer = await assume(t, backend, ada, { RoleArn: reader, Policy: document(...statements) })
    t.match(answer, { PackedPolicySize: Number })
    return { keys: keysIn(answer), client: secretsOf(t, backend, keysIn(answer)) }
  }
  const refusal = (operation: string, reason: string, resource = ` on resource: ${ARN}`) => ({
    message: `User: arn:aws:sts::${account.accountId}:assumed-role/reader/ada is not authorized to perform: secretsmanager:${operation}${resource} ${reason}`
  })
  const get = new GetSecretValueCommand({ SecretId: 'db' })
  const describe = new DescribeSecretCommand({ SecretId: 'db' })

  const { client: narrow, keys } = await sessionWith(describing)
  t.match(await narrow.send(describe), { Name: 'db' })
  await t.rejects(narrow.send(get), refusal('GetSecretValue', 'because no session policy allows the secretsmanager:GetSecretValue action'))
  await t.rejects(assume(t, backend, keys, { RoleArn: roleArn('next') }), { name: 'AccessDenied' }, 'the session may not assume a role either')
  const { client: wide } = await sessionWith(everything)
  await t.rejects(wide.send(new CreateSecretCommand({ Name: 'n' })), refusal('CreateSecret', 'because no identity-based policy allows the secretsmanager:CreateSecret action', ' on resource: n'))
  const { client: denies } = await sessionWith(everything, { ...everything, Effect: 'Deny', Action: 'secretsmanager:Get*' })
  await t.rejects(denies.send(get), refusal('GetSecretValue', 'with an explicit deny in a session policy'))

  await owner.send(new PutResourcePolicyCommand({ SecretId: ARN, ResourcePolicy: document({ Effect: 'Allow', Principal: { AWS: reader }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }) }))
  await t.rejects(narrow.send(get), refusal('GetSecretValue', 'because no session policy allows the secretsmanager:GetSecretValue action'), 'also where the secret\'s own policy allows the role')
  const incompressible = Array.from({ length: 250 }, (_, index) => ((index * 2_654_435_761) >>> 0).toString(36)).join('').slice(0, 1900)
  for (const [Policy, error] of [
    ['{', { name: 'MalformedPolicyDocumentException', message: 'Syntax errors in policy.' }],
    [document(trusts('*')), { name: 'MalformedPolicyDocumentException' }],
    [document({ ...everything, Sid: incompressible }), { name: 'PackedPolicyTooLargeException', message: /^Packed policy consumes 1\d\d% of allotted space, please use smaller policy\.$/ }],
    [document({ ...everything, Sid: 'a'.repeat(2048) }), { name: 'ValidationError', message: /at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048$/ }]
  ] as const) await t.rejects(assume(t, backend, ada, { RoleArn: reader, Policy }), { ...error, $metadata: { httpStatusCode: 400 } })
})

await t.test('a policy can match a session by its role, name, ID and source identity', async (t) => {
  const both = ['sts:AssumeRole', 'sts:SetSourceIdentity']
  const backend = await startWith(t, [ada], { roles: [role(reader, [trusts(userArn(ada), { Action: both })], { identityPolicies: [] })] })
  const begun = await assume(t, backend, ada, { RoleArn: reader, SourceIdentity: 'grace' })
  const session = secretsOf(t, backend, keysIn(begun))
  const owner = clientOf(t, backend)
  const allow = async (Principal: object, Condition?: object) => {
    const ResourcePolicy = document({ Effect: 'Allow', Principal, Action: 'secretsmanager:GetSecretValue', Resource: '*', ...Condition && { Condition } })
    await owner.send(new PutResourcePolicyCommand({ SecretId: 'db', ResourcePolicy }))
    return session.send(new GetSecretValueCommand({ SecretId: 'db' })).then(() => true, () => false)
  }
  await owner.send(new CreateSecretCommand({ Name: 'db', SecretString: 'v' }))
  t.equal(await allow({ AWS: reader }), true)
  t.equal(await allow({ AWS: String(begun.AssumedRoleUser?.Arn) }), true)
  t.equal(await allow({ AWS: roleArn('other') }), false)
  t.equal(await allow({ AWS: `arn:aws:sts::${account.accountId}:assumed-role/reader/other` }), false)
  for (const [key, value, other] of [
    ['aws:userid', String(begun.AssumedRoleUser?.AssumedRoleId), 'AROA:other'], ['aws:PrincipalArn', reader, String(begun.AssumedRoleUser?.Arn)],
    ['aws:SourceIdentity', 'grace', 'ada'], ['aws:PrincipalAccount', account.accountId, otherAccount.accountId]
  ] as const) {
    t.equal(await allow({ AWS: reader }, { StringEquals: { [key]: value } }), true, key)
    t.equal(await allow({ AWS: reader }, { StringEquals: { [key]: other } }), false, key)
  }
  t.equal(await allow({ AWS: reader }, { Null: { 'aws:username': 'true' } }), true, 'a session has no user\'s name')
})

await t.test('a session has the requested duration, by the backend\'s clock', async (t) => {
  const clock = stoppedClock()
  const backend = await startWith(t, [ada], {
    roles: [role(reader, [trusts(userArn(ada))]), role(roleArn('long'), [trusts(userArn(ada))], { maxSessionDuration: 43_200 })], now: () => clock.now
  })
  const lasts = async (input: { DurationSeconds?: number } = {}): Promise<number> => {
    const begun = await assume(t, backend, ada, { RoleArn: roleArn('long'), ...input })
    const session = secretsOf(t, backend, keysIn(begun))
    const ends = (begun.Credentials?.Expiration?.getTime() ?? 0) - clock.now
    clock.move(ends - 1)
    await session.send(new ListSecretsCommand())
    clock.move(1)
    await t.rejects(session.send(new ListSecretsCommand()), {
      name: 'ExpiredTokenException', message: 'The security token included in the request is expired', $metadata: { httpStatusCode: 400 }
    })
    await t.rejects(stsOf(t, backend, keysIn(begun)).send(new GetCallerIdentityCommand()), {
      name: 'ExpiredToken', message: 'The security token included in the request is expired', $metadata: { httpStatusCode: 403 }
    })
    return Math.ceil(ends / 1000)
  }
  t.equal(await lasts(), 3600)
  t.equal(await lasts({ DurationSeconds: 900 }), 900)
  t.equal(await lasts({ DurationSeconds: 43_200 }), 43_200)
  await t.rejects(assume(t, backend, ada, { RoleArn: reader, DurationSeconds: 3601 }), {
    name: 'ValidationError', message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.', $metadata: { httpStatusCode: 400 }
  })
  for (const DurationSeconds of [899, 43_201]) {
    await t.rejects(assume(t, backend, ada, { RoleArn: reader, DurationSeconds }), {
      name: 'ValidationError',
      message: `1 validation error detected: Value '${DurationSeconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${DurationSeconds < 900 ? 'greater than or equal to 900' : 'less than or equal to 43200'}`
    })
  }
})

await t.test('a session survives a restart, and is unknown in other folders', async (t) => {
  const roles = [role(reader, [trusts(userArn(ada))])]
  const dir = t.testdir({})
  const options = { accounts: [account, ada], roles, dataDir: join(dir, 'data') }
  const before = await startLocalBackend(options)
  const keys = keysIn(await assume(t, before, ada, { RoleArn: reader }))
  await before.close()
  const after = await start(t, options)
  t.match(await stsOf(t, after, keys).send(new GetCallerIdentityCommand()), { Arn: `arn:aws:sts::${account.accountId}:assumed-role/reader/ada` })
  const elsewhere = await start(t, { ...options, dataDir: join(dir, 'other') })
  await t.rejects(stsOf(t, elsewhere, keys).send(new GetCallerIdentityCommand()), {
    name: 'InvalidClientTokenId', message: 'The security token included in the request is invalid.', $metadata: { httpStatusCode: 403 }
  })
  await after.close()
  const without = await start(t, { ...options, roles: [] })
  await t.rejects(secretsOf(t, without, keys).send(new ListSecretsCommand()), { name: 'UnrecognizedClientException' }, 'nor known to a backend without the role')
})

await t.test('a session\'s keys work only together and unmodified', async (t) => {
  const backend = await startWith(t, [ada], { roles: [role(reader, [trusts(userArn(ada))])] })
  const [one, other] = [keysIn(await assume(t, backend, ada, { RoleArn: reader })), keysIn(await assume(t, backend, ada, { RoleArn: reader }))]
  const changed = Buffer.from(one.sessionToken, 'base64')
  changed[40] = (changed[40] ?? 0) ^ 1
  const identify = async (keys: Keys) => stsOf(t, backend, keys).send(new GetCallerIdentityCommand())
  const { sessionToken, ...withoutToken } = one
  t.match(sessionToken, /^[A-Za-z0-9+/]+=*$/)
  for (const [keys, name] of [
    [{ ...one, sessionToken: other.sessionToken }, 'InvalidClientTokenId'],
    [{ ...one, sessionToken: changed.toString('base64') }, 'InvalidClientTokenId'],
    [{ ...one, sessionToken: 'nonsense' }, 'InvalidClientTokenId'],
    [{ ...one, accessKeyId: other.accessKeyId }, 'InvalidClientTokenId'],
    [withoutToken, 'InvalidClientTokenId'],
    [{ ...ada, sessionToken: one.sessionToken }, 'InvalidClientTokenId'],
    [{ ...one, secretAccessKey: other.secretAccessKey }, 'SignatureDoesNotMatch']
  ] as const) await t.rejects(identify(keys), { name, $metadata: { httpStatusCode: 403 } })
  const unsignedToken = await rawRequest(backend, {
    ...query('Action=GetCallerIdentity&Version=2011-06-15'), credentials: { ...account, ...withoutToken },
    tamper: (request) => { request.headers['x-amz-security-token'] = one.sessionToken }
  })
  t.match(errorIn(unsignedToken), { code: 'IncompleteSignature', message: '\'x-amz-security-token\' must be a \'SignedHeader\' in the AWS Authorization.', status: 400 })
})

await t.test('requests that are rejected before policies are evaluated', async (t) => {
  const backend = await startWith(t, [ada], { roles: [role(reader, [trusts(userArn(ada))])] })
  const version = 'Version=2011-06-15'
  const assumption = `Action=AssumeRole&${version}&RoleArn=${reader}&RoleSessionName=ada`
  /** AWS's maximum lengths of parameters, in characters. */
  const longest = { ExternalId: 1224, Policy: 2048, RoleArn: 2048, RoleSessionName: 64, SourceIdentity: 64 }
  const refusals: Record<string, { request: Partial<RawRequest>, code: string, message?: string | RegExp, status?: number }> = {
    'an unknown action': { request: query(`Action=GetSessionToken&${version}`), code: 'InvalidAction', message: 'Could not find operation GetSessionToken for version 2011-06-15' },
    'an action that every JavaScript object inherits': { request: query(`Action=toString&${version}`), code: 'InvalidAction' },
    'another version': { request: query('Action=GetCallerIdentity&Version=2011-06-16'), code: 'InvalidAction' },
    'no action': { request: query(''), code: 'InvalidAction', message: 'Could not find operation null for version null' },
    JSON: { request: { service: 'sts', body: '{}' }, code: 'InvalidAction' },
    'a query': { request: { ...query(assumption), tamper: (request) => void (request.path = `/?${assumption}`) }, code: 'InvalidAction' },
    'a parameter twice': { request: query(`Action=GetCallerIdentity&Action=AssumeRole&${version}`), code: 'MalformedQueryString' },
    'required parameters': {
      request: query(`Action=AssumeRole&${version}`), code: 'ValidationError',
      message: '2 validation errors detected: Value null at \'roleArn\' failed to satisfy constraint: Member must not be null; Value null at \'roleSessionName\' failed to satisfy constraint: Member must not be null'
    },
    'a session\'s name': {
      request: query(`${assumption}%20lovelace`), code: 'ValidationError',
      message: '1 validation error detected: Value \'ada lovelace\' at \'roleSessionName\' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*'
    },
    'a duration that is not a number': { request: query(`${assumption}&DurationSeconds=1e3`), code: 'ValidationError', message: /'1e3' at 'durationSeconds'.*must be an integer/ },
    'an invalid external ID, which is not quoted': { request: query(`${assumption}&ExternalId=*hidden*`), code: 'ValidationError', message: /Value at 'externalId'/ },
    ...Object.fromEntries(Object.entries(longest).map(([name, most]) => {
      const parameters = new URLSearchParams(assumption)
      parameters.set(name, 'a'.repeat(most + 1))
      return [`a longer ${name} than AWS allows`, {
        request: query(parameters.toString()), code: 'ValidationError', message: new RegExp(`must have length less than or equal to ${most}\\b`)
      }]
    })),
    'session tags': { request: query(`${assumption}&Tags.member.1.Key=a&Tags.member.1.Value=b`), code: 'ValidationError', message: 'This STS does not support the parameter Tags.' },
    'an MFA device': { request: query(`${assumption}&TokenCode=123456`), code: 'ValidationError', message: 'This STS does not support the parameter TokenCode.' },
    'an unknown key': { request: { ...query(assumption), credentials: { ...account, accessKeyId: 'AKIAUNKNOWN' } }, code: 'InvalidClientTokenId', status: 403 },
    'a wrong signature': { request: { ...query(assumption), credentials: { ...account, secretAccessKey: 'wrong' } }, code: 'SignatureDoesNotMatch', status: 403, message: /^The request signature we calculated/ },
    'no signature, with STS\'s message': { request: { ...query(assumption), tamper: ({ headers }) => delete headers.authorization }, code: 'MissingAuthenticationToken', status: 403, message: 'Request is missing Authentication Token' },
    'an incomplete signature': { request: { ...query(assumption), tamper: ({ headers }) => { headers.authorization = 'AWS4-HMAC-SHA256 Credential=/sts/aws4_request' } }, code: 'IncompleteSignature' },
    'a body that is too long': { request: query('a'.repeat(1_048_577)), code: 'RequestEntityTooLarge', status: 413 }
  }
  for (const [name, { request, code, status = 400, message = /./ }] of Object.entries(refusals)) {
    const error = errorIn(await rawRequest(backend, { credentials: ada, ...request }))
    t.match(error, { code, status, type: 'Sender', message }, name)
    t.notMatch(error.message, /hidden/)
  }
  const forOther = await rawRequest(backend, { ...query(assumption), service: 'secretsmanager', credentials: ada })
  t.match(forOther, { status: 400, body: /UnknownOperationException/ }, 'a signature for Secrets Manager is invalid for STS')
})

await t.test('an unexpected error is reported without its message', async (t) => {
  const backend = await startWith(t, [], { onOperation: () => { throw new Error('internal detail') } })
  const error = errorIn(await rawRequest(backend, query('Action=GetCallerIdentity&Version=2011-06-15')))
  t.strictSame(error, { status: 500, type: 'Receiver', code: 'InternalFailure', message: 'An error occurred on the server side.' })
})

await t.test('invalid roles', async (t) => {
  const good = role(reader, [trusts(userArn(ada))])
  for (const [roles, message] of [
    [[good, good], 'Two roles have the same ARN'],
    [[{ ...good, arn: 'arn:aws:iam::1:role/reader' }], /^The role arn:aws:iam::1:role\/reader must have an ARN of the form/],
    [[{ ...good, trustPolicy: '{' }], `The trust policy of the role ${reader} is malformed: Policy is not valid JSON`],
    [[{ ...good, trustPolicy: document(everything) }], /^The trust policy .* malformed: Statement\[0\] must have either Principal or NotPrincipal$/],
    [[{ ...good, trustPolicy: document(trusts('*', { Resource: '*' })) }], /Statement\[0\]\.Resource is not allowed in a trust policy$/],
    [[{ ...good, trustPolicy: document(trusts('*', { NotResource: '*' })) }], /Statement\[0\]\.NotResource is not allowed in a trust policy$/],
    [[{ ...good, identityPolicies: [document(trusts('*'))] }], /^The identity policy of the role/],
    [[{ ...good, maxSessionDuration: 3599 }], /must have a maximum session duration of 3600 to 43200 seconds$/],
    [[{ ...good, maxSessionDuration: 43_201 }], /maximum session duration/],
    [[{ ...good, maxSessionDuration: 3600.5 }], /maximum session duration/]
  ] as const) await t.rejects(startLocalBackend({ accounts: [account], roles }), { message })
})
