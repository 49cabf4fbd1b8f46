import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { authority, serverPair, type Authority } from '#test/certificates'
import { build, declared, type Gateway } from '#test/helper'
import { startIssuer, type Issuer } from '#test/issuer'
import { hangTimeout, sendRaw, type RawReply, type RawRequest, type TlsClient } from '#test/raw'
import { startSts, type Principal, type Sts } from '#test/sts'

/** An attack: a request as it is written to the socket, and the expected reply. */
export interface Attack {
  request: RawRequest
  /**
   * The reply's status, and the code of the problem or the type of AWS's error. The status 0 means that the gateway closes the
   * connection without a reply.
   */
  expected: { status: number, code?: string }
  /** The gateway to attack; by default the plain HTTP gateway. */
  at?: 'plain' | 'optional' | 'required'
  /** Options of the TLS client. By default, it has no certificate, and trusts the gateways' certificate authority. */
  client?: Partial<TlsClient>
  /** The expected number of requests to STS, by default none. */
  stsRequests?: number
  /** Runs before the attack. */
  prepare?: () => void | Promise<void>
}

/** The target of the attacks: three gateways with the same callers, and a secret that must not leak. */
export interface World {
  plain: Gateway
  /** Uses TLS, and accepts clients without a certificate. */
  optional: Gateway
  /** Uses TLS, and requires client certificates. */
  required: Gateway
  /** The OpenID Connect issuers. The gateways trust `corp` and `partner`, but not `stranger`. */
  corp: Issuer
  partner: Issuer
  stranger: Issuer
  sts: Sts
  /** An AWS role that is allowed to log in. */
  role: Principal
  /** The certificate authority that issues client certificates. */
  clients: Authority
  /** The key that signs the gateways' own tokens. */
  gatewayKey: KeyObject
  /** The certificate authority that issues the gateways' certificates. */
  servers: Authority
}

/** The secret's value. It must not appear in the reply to an attack, nor in a log or a trail. */
export const canary = 'canary-value-4711-of-the-secret'

export const secretPath = '/environments/dev/secrets/canary'

export const principal = (accessKeyId: string, account: string, userId: string, arn: string): Principal =>
  ({ accessKeyId, secretAccessKey: `${accessKeyId}-secret`, account, userId, arn })

export const role = principal('ASIAROLEROLEROLE', '111122223333', 'AROAPAYMENTSPAYMENTS:pod-1', 'arn:aws:sts::111122223333:assumed-role/payments/pod-1')

/** Callers that may read the secret: one per trusted OIDC issuer, one AWS principal, and one per kind of client certificate. */
export const administrators = ['corp:service', 'partner:service', 'aws:111122223333:AROAPAYMENTSPAYMENTS', 'spiffe://example.org/payments', 'dns:payments.example.org']

/** Starts the gateways, the issuers and STS, and creates the secret. */
export async function world (t: Test, principals: readonly Principal[]): Promise<World> {
  const [corp, partner, stranger] = [await startIssuer(t), await startIssuer(t, { alg: 'RS256' }), await startIssuer(t)]
  const [clients, servers] = [await authority(), await authority('CN=Servers')]
  const sts = await startSts(t, principals)
  const pair = await serverPair(servers)
  const { privateKey: gatewayKey } = generateKeyPairSync('ed25519')
  const tokenKey = gatewayKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const folder = t.testdir({ 'token-key.pem': tokenKey, 'server.pem': pair.cert, 'server-key.pem': pair.key, 'clients.pem': clients.cert })
  const change = {
    authentication: {
      ...declared.authentication,
      oidc: [
        { name: 'corp', issuer: corp.url, audience: 'secrets-gateway', algorithms: ['ES256' as const], groupsClaim: 'groups', typ: 'at+jwt' },
        { name: 'partner', issuer: partner.url, audience: 'secrets-gateway', algorithms: ['RS256' as const], groupsClaim: 'groups' }
      ],
      aws: {
        serverId: 'gateway.test',
        regions: ['eu-west-1'],
        identities: [{ account: '111122223333', uniqueId: 'AROAPAYMENTSPAYMENTS' }],
        tokenKeyFiles: [`${folder}/token-key.pem`]
      },
      groups: { administrators: { callers: administrators } }
    },
    aws: { stsEndpoint: sts.url }
  }
  const tls = (required: boolean): object => ({
    tls: {
      certificateFile: `${folder}/server.pem`,
      keyFile: `${folder}/server-key.pem`,
      clientCertificates: { authorityFile: `${folder}/clients.pem`, required }
    }
  })
  const plain = await build(t, change)
  const optional = await build(t, { ...change, server: tls(false) })
  const required = await build(t, { ...change, server: tls(true) })
  for (const { aws } of [plain, optional, required]) await aws('AKIADEV').createSecret({ Name: 'dev/canary', SecretString: canary })
  return { plain, optional, required, corp, partner, stranger, sts, role, gatewayKey, clients, servers }
}

/** Returns a request's credentials and other long strings. Like the canary, they must not appear in a reply or a log. */
function secretsIn ({ path = '', headers = [], body = '' }: RawRequest): string[] {
  const credentials = headers.filter(([name]) => /^(authorization|cookie|x-api-key|x-amz-security-token)$/i.test(name)).map(([, value]) => value)
  const isPublic = (text: string): boolean => text.startsWith('/') || /^x-[a-z0-9-]+$/.test(text)
  return [...credentials, path, body].flatMap((text) => text.match(/[\w./+~-]{20,}/g) ?? []).filter((text) => !isPublic(text))
}

/** Returns a function that counts the refusals in a gateway's trail since its previous call. */
function newDenials ({ trailFile }: Gateway): () => number {
  let end = readFileSync(trailFile).length
  return () => {
    const added = readFileSync(trailFile).subarray(end)
    const complete = added.subarray(0, added.lastIndexOf('\n') + 1)
    end += complete.length
    const records = complete.toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event: unknown, status?: unknown })
    // A request that needs a further permission can be refused after its intent was recorded. The trail then contains an
    // outcome instead of a denial.
    return records.filter(({ event, status }) => event === 'denial' || (event === 'outcome' && Number(status) >= 400)).length
  }
}

/** Runs each attack. Asserts that it is refused as expected, never reaches AWS, leaks no secret and is recorded exactly once. */
export async function withstand (t: Test, world: World, attacks: Readonly<Record<string, Attack>>): Promise<void> {
  const gateways = [world.plain, world.optional, world.required]
  const trails = gateways.map(newDenials)
  // Waits for the record. If the gateway closes a connection without a reply, it may record the refusal only afterwards.
  const recorded = async (until = Date.now() + hangTimeout): Promise<number> => {
    const found = trails.reduce((sum, count) => sum + count(), 0)
    if (found > 0 || Date.now() > until) return found
    await new Promise((resolve) => { setTimeout(resolve, 10) })
    return recorded(until)
  }
  for (const [title, { request, expected, at = 'plain', client = {}, stsRequests = 0, prepare }] of Object.entries(attacks)) {
    await prepare?.()
    const gateway = world[at]
    for (const { awsCalls } of gateways) awsCalls.length = 0
    world.sts.requests.length = 0
    const tls = at === 'plain' ? undefined : { ca: world.servers.cert, ...client }
    const reply = await sendRaw(gateway.url, { path: secretPath, ...request }, tls).catch((error: unknown): RawReply => {
      t.fail(title, { error })
      return { status: -1, head: '', text: '', code: undefined }
    })
    world.sts.reply = undefined
    // The test has already failed. It does not wait for a record, because there may be none.
    if (reply?.status === -1) continue

    const answered = `${reply?.head ?? ''}${reply?.text ?? ''}`
    // Makes a single assertion, because assertions take longer than the attack itself.
    t.strictSame({
      status: reply?.status ?? 0,
      code: reply?.code,
      awsCalls: gateways.flatMap(({ awsCalls }) => awsCalls),
      stsRequests: world.sts.requests.length,
      denials: await recorded(),
      leaked: [canary, ...secretsIn(request)].filter((secret) => answered.includes(secret))
    }, { code: reply?.code, ...expected, awsCalls: [], stsRequests, denials: 1, leaked: [] }, title)
  }
}

/** Stops the gateways, and asserts that their logs and trails contain no secret. */
export async function assertLogsClean (t: Test, { plain, optional, required }: World, attacks: readonly Attack[]): Promise<void> {
  for (const { fastify } of [plain, optional, required]) await fastify.close()
  const log = [plain, optional, required].flatMap(({ log }) => log).join('')
  const trails = [plain, optional, required].map(({ trailFile }) => readFileSync(trailFile, 'utf8')).join('')
  t.ok(log.split('"msg":"request"').length > attacks.length / 2, 'refused requests are logged, too')
  for (const secret of new Set([canary, ...attacks.flatMap(({ request }) => secretsIn(request))])) {
    if (log.includes(secret)) t.fail(`the log contains ${secret}`)
    if (trails.includes(secret)) t.fail(`the trail contains ${secret}`)
  }
}
