import { randomUUID } from 'node:crypto'
import { setDefaultCACertificates, getCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import type { Declared } from '#src/config/config'
import { failureText } from '#src/problems/failure'
import { catalogueEntry } from '#src/problems/catalogue'
import { roleArns } from '#test/aws-roles'
import { authority, serverPair, type Pair } from '#test/certificates'
import { passTime } from '#test/clock'
import { build, declared, embedded, type Gateway, type Reply } from '#test/helper'
import { until } from '#test/until'
import { startProxy, type FaultProxy } from './proxy.ts'
import type { Call, Promised, Row } from './row.ts'
import type { Group } from './table.ts'

const region = 'eu-west-1'

/** The first environment needs no call of STS. */
const environments: Declared['environments'] = {
  dev: { region, credential: 'dev-account' },
  role: { region, credential: 'dev-role' },
  account: { region, credential: 'dev-account', account: '111111111111' }
}

const environmentOf: Readonly<Record<Call, string>> = { read: 'dev', write: 'dev', AssumeRole: 'role', GetCallerIdentity: 'account' }

interface Setup {
  gateway: Gateway
  secretsManager: FaultProxy
  sts: FaultProxy
}

/** Starts a gateway whose calls of Secrets Manager and STS go through a proxy each. */
export async function setUp (t: Test, { deadlineSeconds, tls, ...aws }: { deadlineSeconds: number, tls?: true } & Declared['aws']): Promise<Setup> {
  const gateway = await build(t, {
    environments,
    credentials: {
      ...declared.credentials,
      platform: embedded('AKIAPLATFORM'),
      'dev-role': { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway' }
    },
    aws: { deadlineSeconds, stsDeadlineSeconds: deadlineSeconds, ...aws }
  })
  const { config } = gateway.fastify
  const backend = config.current.aws.endpoint ?? ''
  const secretsManager = await startProxy(t, { backend, ...tls === true && { certificates: await certificates(t) } })
  const sts = await startProxy(t, { backend })
  config.replace({ ...config.current, aws: { ...config.current.aws, endpoint: secretsManager.url, stsEndpoint: sts.url } })
  return { gateway, secretsManager, sts }
}

/** Returns a right certificate and wrong ones, and makes this process trust their authority. */
async function certificates (t: Test): Promise<Record<string, Pair>> {
  const [trusted, unknown] = [await authority('CN=Trusted'), await authority('CN=Unknown')]
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, trusted.cert])
  t.teardown(() => { setDefaultCACertificates(before) })
  const usage = '1.3.6.1.5.5.7.3.1'
  return {
    right: await serverPair(trusted),
    'another-host': await trusted.issue([{ type: 'dns', value: 'another.test' }], { usage }),
    expired: await trusted.issue([{ type: 'dns', value: 'localhost' }], { usage, notAfter: new Date(Date.now() - 1_000) }),
    'unknown-authority': await serverPair(unknown)
  }
}

/** Tests each row of a group. */
export function runRows (group: Group): void {
  t.test(group.title, async (t) => {
    const { deadlineSeconds, tls, rows } = group
    const setup = await setUp(t, { deadlineSeconds, ...tls === true && { tls } })
    const { gateway } = setup
    for (const name of Object.keys(environments)) {
      t.equal((await gateway.send('PUT', `/environments/${name}/secrets/a`, { json: { value: 'before' } })).status, 201)
    }
    for (const row of rows) await t.test(`${row.what}: ${row.call}`, async (t) => testRow(t, setup, row, deadlineSeconds))
  })
}

async function testRow (t: Test, setup: Setup, row: Row, deadlineSeconds: number): Promise<void> {
  const { call, fault, times, promise } = row
  const { gateway } = setup
  const { config } = gateway.fastify
  const isOfSts = call === 'AssumeRole' || call === 'GetCallerIdentity'
  const proxy = isOfSts ? setup.sts : setup.secretsManager
  const path = `/environments/${environmentOf[call]}/secrets/a`
  const read = async (): Promise<Reply> => gateway.send('GET', path)

  const before = (await read()).json.value as string
  const written = `${row.what}: ${call}`
  // A reload of the configuration discards the keys that the row before has fetched.
  if (isOfSts) config.replace(config.current)
  await proxy.plant(fault, times)
  const begun = performance.now()
  const reply = call === 'write' ? await gateway.send('PUT', path, { json: { value: written }, headers: { 'idempotency-key': randomUUID() } }) : await read()
  const took = performance.now() - begun

  checkReply(t, reply, row)
  t.equal(proxy.attempts(), promise.attempts, 'attempts')
  if (promise.atDeadline === true) t.ok(took >= deadlineSeconds * 1_000 - 1, 'not before the deadline')
  await until(() => proxy.open() === 0)
  if (promise.pause !== undefined) {
    t.match(await read(), { status: promise.status, json: { code: promise.code } }, 'the error is repeated')
    t.equal(proxy.attempts(), promise.attempts, 'without another attempt')
  }

  await proxy.lift()
  passTime((promise.pause ?? 0) * 1_000)
  const after = await read()
  t.match(after, { status: 200, json: { value: promise.isWritten === true ? written : before } }, 'works again')
}

function checkReply (t: Test, { status, headers, json }: Reply, { call, promise }: Row): void {
  const operation = call === 'write' ? 'PutSecretValue' : 'GetSecretValue'
  t.same({ status, code: json.code }, { status: promise.status, code: promise.code })
  const { cause, effect, code } = promise
  if (code === undefined) return
  const detail = cause === undefined || effect === undefined ? catalogueEntry(code).advice : failureText({ operation, cause, effect })
  t.equal(json.detail, detail)
  t.equal(headers.get('retry-after'), retryAfterOf(promise))
}

const retryAfterOf = ({ retryAfter }: Promised): string | null => retryAfter === undefined ? null : String(retryAfter)
