import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { authority, serverPair, type Authority } from '#test/certificates'
import { build, declared, type Gateway } from '#test/helper'
import { startIssuer, type Issuer } from '#test/issuer'
import { sendRaw, type RawRequest, type TlsClient } from '#test/raw'
import { startSts, type Principal, type Sts } from '#test/sts'

/** One attack: a request as it goes over the wire, and what it gets. */
export interface Attack {
  request: RawRequest
  /** The status, and the problem's code. A status of 0 is a connection that the gateway ends without a word. */
  expected: { status: number, code?: string }
  /** At which of the gateways; the one that speaks plain HTTP where absent. */
  at?: 'plain' | 'optional' | 'required'
  /** What a client of those with TLS has, beside their authority's certificate. */
  client?: Partial<TlsClient>
  /** How often STS is asked; never where absent. */
  asksSts?: number
  prepare?: () => void | Promise<void>
}

/** What attackers find: three gateways with the same callers, and a secret that none of them may leak. */
export interface World {
  plain: Gateway
  /** TLS, with client certificates if the client likes. */
  optional: Gateway
  /** TLS, with client certificates. */
  required: Gateway
  /** Issuers that the gateways know as `corp` and `partner`, and one that they don't. */
  corp: Issuer
  partner: Issuer
  stranger: Issuer
  sts: Sts
  /** May log in. */
  role: Principal
  clients: Authority
  /** Signs the tokens that the gateways give. */
  gatewayKey: KeyObject
  /** The gateways' own authority. */
  servers: Authority
}

/** Stands in a secret's value, and must stand nowhere else. */
export const canary = 'canary-value-4711-of-the-secret'

export const secretPath = '/environments/dev/secrets/canary'

export const principal = (accessKeyId: string, account: string, userId: string, arn: string): Principal =>
  ({ accessKeyId, secretAccessKey: `${accessKeyId}-secret`, account, userId, arn })

export const role = principal('ASIAROLEROLEROLE', '111122223333', 'AROAPAYMENTSPAYMENTS:pod-1', 'arn:aws:sts::111122223333:assumed-role/payments/pod-1')

/** Callers that are let in, each by its method. */
export const administrators = ['corp:service', 'partner:service', 'aws:111122223333:AROAPAYMENTSPAYMENTS', 'spiffe://example.org/payments', 'dns:payments.example.org']

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

/** What in a request is secret itself, and must not come back or be logged either. */
function secretsIn ({ path = '', headers = [], body = '' }: RawRequest): string[] {
  const carried = headers.filter(([name]) => /^(authorization|cookie|x-api-key)$/i.test(name)).map(([, value]) => value)
  const isPublic = (text: string): boolean => text.startsWith('/') || /^x-[a-z0-9-]+$/.test(text)
  return [...carried, path, body].flatMap((text) => text.match(/[\w./+~-]{20,}/g) ?? []).filter((text) => !isPublic(text))
}

/** Counts the refusals that a trail has got since the last look. */
function newDenials ({ trailFile }: Gateway): () => number {
  let end = readFileSync(trailFile).length
  return () => {
    const added = readFileSync(trailFile).subarray(end)
    const whole = added.subarray(0, added.lastIndexOf('\n') + 1)
    end += whole.length
    const records = whole.toString().split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event: unknown, status?: unknown })
    // What turns out on the way, as that a request takes a right to another action, is the outcome of one that has begun.
    return records.filter(({ event, status }) => event === 'denial' || (event === 'outcome' && Number(status) >= 400)).length
  }
}

/** Makes each attack, and looks at what it got and what it left behind: no call of AWS, one record of the refusal, and no secret. */
export async function withstand (t: Test, world: World, attacks: Readonly<Record<string, Attack>>): Promise<void> {
  const gateways = [world.plain, world.optional, world.required]
  const trails = gateways.map(newDenials)
  // Where a connection ends without a reply, nothing says when the record of it is written.
  const recorded = async (): Promise<number> => {
    const found = trails.reduce((sum, count) => sum + count(), 0)
    if (found > 0) return found
    await new Promise((resolve) => { setTimeout(resolve, 10) })
    return recorded()
  }
  for (const [what, { request, expected, at = 'plain', client = {}, asksSts = 0, prepare }] of Object.entries(attacks)) {
    await prepare?.()
    const gateway = world[at]
    for (const { awsCalls } of gateways) awsCalls.length = 0
    world.sts.requests.length = 0
    const tls = at === 'plain' ? undefined : { ca: world.servers.cert, ...client }
    const reply = await sendRaw(gateway.url, { path: secretPath, ...request }, tls)
    world.sts.reply = undefined

    const answered = `${reply?.head ?? ''}${reply?.text ?? ''}`
    // One assertion, since each of them takes longer than the attack does.
    t.strictSame({
      status: reply?.status ?? 0,
      code: reply?.code,
      awsCalls: gateways.flatMap(({ awsCalls }) => awsCalls),
      asksSts: world.sts.requests.length,
      denials: await recorded(),
      leaked: [canary, ...secretsIn(request)].filter((secret) => answered.includes(secret))
    }, { code: reply?.code, ...expected, awsCalls: [], asksSts, denials: 1, leaked: [] }, what)
  }
}

/** Ends the gateways, and looks for what must not be in their logs and trails. */
export async function assertLogsClean (t: Test, { plain, optional, required }: World, attacks: readonly Attack[]): Promise<void> {
  for (const { fastify } of [plain, optional, required]) await fastify.close()
  const log = [plain, optional, required].flatMap(({ log }) => log).join('')
  const trails = [plain, optional, required].map(({ trailFile }) => readFileSync(trailFile, 'utf8')).join('')
  t.ok(log.split('"msg":"request"').length > attacks.length / 2, 'requests are logged, also those that are refused')
  for (const secret of new Set([canary, ...attacks.flatMap(({ request }) => secretsIn(request))])) {
    if (log.includes(secret)) t.fail(`the log has ${secret}`)
    if (trails.includes(secret)) t.fail(`the trail has ${secret}`)
  }
}
