import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Test } from 'tap'
import type { Declared } from '#src/config/config'
import { roleArns } from '#test/aws-roles'
import { authority, serverPair, type Pair } from '#test/certificates'
import { build, declared, embedded, type Gateway } from '#test/helper'
import { startProxy, type FaultProxy, type ProxyOptions } from './proxy.ts'
import type { Call } from './row.ts'

const region = 'eu-west-1'

/** The first environment needs no call to STS. */
export const environments: Declared['environments'] = {
  dev: { region, credential: 'dev-account' },
  role: { region, credential: 'dev-role' },
  account: { region, credential: 'dev-account', account: '111111111111' },
  chain: { region, credential: 'prod-role' }
}

export const environmentOf: Readonly<Record<Call, string>> = {
  read: 'dev',
  write: 'dev',
  'read before a write': 'dev',
  AssumeRole: 'role',
  GetCallerIdentity: 'account',
  'first AssumeRole': 'chain',
  'second AssumeRole': 'chain'
}

export interface Setup {
  gateway: Gateway
  secretsManager: FaultProxy
  sts: FaultProxy
}

/** The connections of the proxies. */
interface Connections {
  deadlineSeconds: number
  /** The service whose proxy speaks TLS. */
  tls?: keyof Pick<Setup, 'secretsManager' | 'sts'>
  /** The behaviour of a kept connection when the next request arrives on it. By default, connections are not kept. */
  keptConnections?: ProxyOptions['keptConnections']
}

/** Starts a gateway whose calls to Secrets Manager and to STS each go through a proxy. */
export async function setUp (t: Test, { deadlineSeconds, tls, keptConnections, ...aws }: Connections & Declared['aws']): Promise<Setup> {
  const gateway = await build(t, {
    environments,
    credentials: {
      ...declared.credentials,
      platform: embedded('AKIAPLATFORM'),
      'dev-role': { kind: 'assume-role', roleArn: roleArns.dev, source: 'platform', externalId: 'of-the-gateway' },
      hub: { kind: 'assume-role', roleArn: roleArns.hub, source: 'platform' },
      'prod-role': { kind: 'assume-role', roleArn: roleArns.prod, source: 'hub' }
    },
    aws: { deadlineSeconds, stsDeadlineSeconds: deadlineSeconds, ...aws },
    server: { ...declared.server, shutdown: { graceSeconds: 600 } }
  })
  const { config } = gateway.fastify
  const backend = config.current.aws.endpoint ?? ''
  const own = tls === undefined ? {} : { [tls]: { certificates: await certificates(t) } }
  const secretsManager = await startProxy(t, { backend, ...keptConnections !== undefined && { keptConnections }, ...own.secretsManager })
  const sts = await startProxy(t, { backend, ...own.sts })
  config.replace({ ...config.current, aws: { ...config.current.aws, endpoint: secretsManager.url, stsEndpoint: sts.url } })
  return { gateway, secretsManager, sts }
}

/** Returns a valid certificate and invalid ones, and makes this process trust the authority of the valid certificate. */
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
