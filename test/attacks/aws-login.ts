import { signCallerIdentity, type Principal, type Signing } from '#test/sts'
import { role, type Attack, type World } from './attack.ts'
import { logIn } from './tokens.ts'

const unauthenticated = { status: 401, code: 'unauthenticated' }
const invalid = { status: 400, code: 'invalid-request' }
const unavailable = { status: 503, code: 'identity-provider-unavailable' }

const like = (name: string, difference: Partial<Principal>): Principal => ({ ...role, accessKeyId: `ASIA${name.toUpperCase().padEnd(12, 'X')}`, ...difference })

/** Principals that AWS authenticates, but that are not allowed to log in. */
const others = {
  'another account': like('account', { account: '999999999999', arn: 'arn:aws:sts::999999999999:assumed-role/payments/pod-1' }),
  'another role of the same name': like('again', { userId: 'AROASECONDSECONDSEC:pod-1' }),
  'a role whose session name is the unique ID': like('session', { userId: 'AROAOTHEROTHEROTHER:AROAPAYMENTSPAYMENTS' }),
  'a user whose unique ID differs only in its type': like('user', { userId: 'AIDAPAYMENTSPAYMENTS', arn: 'arn:aws:iam::111122223333:user/payments' }),
  'the root user': like('root', { userId: '111122223333', arn: 'arn:aws:iam::111122223333:root' }),
  'a federated user whose name is the unique ID': like('federated', { userId: '111122223333:AROAPAYMENTSPAYMENTS', arn: 'arn:aws:sts::111122223333:federated-user/AROAPAYMENTSPAYMENTS' })
}

export const principals: readonly Principal[] = [role, ...Object.values(others)]

/** Attacks on the login with manipulated, replayed and stale signatures, and with unexpected replies from STS. */
export async function awsLoginAttacks (world: World): Promise<Record<string, Attack>> {
  const { sts } = world
  const host = new URL(sts.url).host
  const sign = async (signing: Partial<Signing> = {}, principal = role): Promise<Record<string, string>> => signCallerIdentity(principal, { host, ...signing })
  const seconds = (count: number): Date => new Date(Date.now() + count * 1000)
  const login = (body: unknown): Attack['request'] =>
    ({ method: 'POST', path: '/auth/aws/login', headers: [['Content-Type', 'application/json']], body: typeof body === 'string' ? body : JSON.stringify(body) })
  const refused = (headers: Record<string, unknown>, expected: Attack['expected'], stsRequests = 0): Attack => ({ request: login({ headers }), expected, stsRequests })
  const answering = async (status: number, type: string, body: string, expected = unauthenticated): Promise<Attack> =>
    ({ ...refused(await sign(), expected, 1), prepare: () => { sts.reply = { status, type, body } } })

  const used = (await logIn(world)).headers
  const identity = `<GetCallerIdentityResponse><UserId>${role.userId}</UserId><Account>${role.account}</Account></GetCallerIdentityResponse>`
  const valid = await sign()
  const authorization = valid.authorization ?? ''
  const notAllowed = await Promise.all(Object.entries(others).map(async ([title, principal]): Promise<[string, Attack]> =>
    [title, refused(await sign({}, principal), unauthenticated, 1)]))

  const attacks: Record<string, Attack> = {
    ...Object.fromEntries(notAllowed),
    'a replayed signature': refused(used, unauthenticated),
    'a replayed signature, with a space removed': refused({ ...used, authorization: used.authorization?.replace(/, /g, ',') }, unauthenticated),
    'a replayed signature, with header names in upper case': refused(Object.fromEntries(Object.entries(used).map(([name, value]) => [name.toUpperCase(), value])), unauthenticated),

    'no server ID': refused(await sign({ serverId: '' }), invalid),
    'a server ID that is not signed': refused({ ...await sign({ serverId: '' }), 'x-secrets-gateway-server-id': 'gateway.test' }, invalid),
    'the server ID of another gateway': refused(await sign({ serverId: 'gateway-2.test' }), unauthenticated),
    'the server ID of another gateway, changed': refused({ ...await sign({ serverId: 'gateway-2.test' }), 'x-secrets-gateway-server-id': 'gateway.test' }, unauthenticated, 1),
    'two server IDs': refused({ ...valid, 'X-Secrets-Gateway-Server-ID': 'gateway.test' }, invalid),

    'a key that AWS does not know': refused(await sign({}, like('unknown', {})), unauthenticated, 1),
    'a key with another secret': refused(await sign({}, { ...role, secretAccessKey: 'another' }), unauthenticated, 1),
    'another signature': refused({ ...valid, authorization: authorization.replace(/Signature=.{4}/, 'Signature=0000') }, unauthenticated, 1),
    'a signature in upper case': refused({ ...valid, authorization: authorization.replace(/Signature=(\w+)/, (_, hex: string) => `Signature=${hex.toUpperCase()}`) }, invalid),
    'an asymmetric signature': refused({ ...valid, authorization: authorization.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256') }, invalid),
    'no signature': refused({ ...valid, authorization: undefined }, invalid),
    'a token instead of a signature': refused({ ...valid, authorization: 'Bearer administrator-token-for-tests' }, invalid),

    'a signature of two minutes ago': refused(await sign({ date: seconds(-120) }), unauthenticated),
    'a signature that is dated in two minutes': refused(await sign({ date: seconds(120) }), unauthenticated),
    'an old signature with a new date': refused({ ...await sign({ date: seconds(-120) }), 'x-amz-date': valid['x-amz-date'] }, unauthenticated, 1),
    'a credential scope of another day': refused({ ...valid, authorization: authorization.replace(/\/\d{8}\//, '/20200101/') }, unauthenticated),
    'a date that does not exist': refused({ ...valid, 'x-amz-date': '20269999T999999Z', authorization: authorization.replace(/\/\d{8}\//, '/20269999/') }, unauthenticated),
    'a date that is a word': refused({ ...valid, 'x-amz-date': 'now' }, invalid),
    'no date': refused({ ...valid, 'x-amz-date': undefined }, invalid),

    'another host, signed': refused(await sign({ host: 'sts.evil.example' }), unauthenticated),
    'another host, not signed': refused({ ...valid, host: 'sts.evil.example' }, unauthenticated),
    'a host with user information': refused({ ...valid, host: 'sts.eu-west-1.amazonaws.com@evil.example' }, invalid),
    'a URL': { request: login({ headers: valid, url: 'https://sts.evil.example/' }), expected: invalid },
    'a method and a body': { request: login({ headers: valid, method: 'GET', body: 'Action=AssumeRole' }), expected: invalid },
    'a region that is not declared': refused(await sign({ region: 'us-east-1' }), unauthenticated),
    'a region that is another host': refused({ ...valid, authorization: authorization.replace('/eu-west-1/', '/evil.example#/') }, invalid),
    'a region that is a path': refused({ ...valid, authorization: authorization.replace('/eu-west-1/', '/../') }, invalid),
    'a signature for another service': refused(await sign({ service: 'secretsmanager' }), invalid),

    'the signature of another action': refused(await sign({ body: 'Action=GetSessionToken&Version=2011-06-15' }), unauthenticated, 1),
    'the hash of another body': refused(await sign({ headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }), invalid),
    'another length': refused(await sign({ headers: { 'content-length': '100' } }), invalid),
    'another media type': refused(await sign({ headers: { 'content-type': 'application/json' } }), invalid),
    'a header that asks for JSON': refused(await sign({ headers: { accept: 'application/json' } }), invalid),
    'a header that names another action': refused(await sign({ headers: { 'x-amz-target': 'AssumeRole' } }), invalid),
    'a header with a line break': refused({ ...valid, 'x-secrets-gateway-server-id': 'gateway.test\r\nHost: evil.example' }, invalid),
    'a header that is signed but missing': refused({ ...valid, 'content-type': undefined }, invalid),
    'a header that is a list': refused({ ...valid, host: ['a'] }, invalid),
    '17 headers': refused({ ...valid, ...Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`x${index}`, 'x'])) }, invalid),
    '__proto__ as a header': { request: login('{"headers":{"__proto__":{"authorization":"x"}}}'), expected: invalid },
    'no headers': refused({}, invalid),

    'STS answers in JSON': await answering(200, 'application/json', JSON.stringify({ UserId: identity })),
    'STS answers with an HTML page': await answering(200, 'text/html', identity),
    'STS names two users': await answering(200, 'text/xml', identity.replace('<Account>', '<UserId>AROAOTHEROTHEROTHER:x</UserId><Account>')),
    'STS answers with another root element': await answering(200, 'text/xml', `<Error>${identity}</Error>`),
    'STS names no user': await answering(200, 'text/xml', '<GetCallerIdentityResponse></GetCallerIdentityResponse>'),
    'STS redirects the gateway': { ...refused(await sign(), unavailable, 1), prepare: () => { sts.reply = { status: 307, type: 'text/xml', body: '', location: `${world.stranger.url}/` } } },
    'STS fails': await answering(500, 'text/xml', '<ErrorResponse/>', unavailable),
    'STS throttles': await answering(400, 'text/xml', '<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>', unavailable),
    'STS answers with too many bytes': await answering(200, 'text/xml', `${identity}${' '.repeat(300 * 1024)}`, unavailable)
  }
  return Object.fromEntries(Object.entries(attacks).map(([title, attack]) => [`AWS login: ${title}`, attack]))
}
