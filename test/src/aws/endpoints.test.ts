import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import t, { type Test } from 'tap'
import { awsClients } from '#src/aws/clients'
import { stsUrl } from '#src/aws/endpoints'
import { awsFrom } from '#src/config/aws'
import type { CredentialDefinition } from '#src/credentials/definition'
import type { EndpointSettings } from '#src/credentials/endpoints'
import { gatesWithoutQuotas, listThrough } from '#test/bounded-client'

/** Returns the hosts that requests are sent to while `act` runs. Nothing is sent: each connection is closed before it opens. */
async function hostsOf (act: () => Promise<unknown>): Promise<string[]> {
  const hosts = new Set<string>()
  const refuse = (message: unknown): void => {
    const { request } = message as { request: ClientRequest }
    hosts.add(request.host)
    request.destroy(new Error('no network'))
  }
  subscribe('http.client.request.created', refuse)
  await act()
  unsubscribe('http.client.request.created', refuse)
  return [...hosts]
}

interface Hosts {
  /** The hosts that receive a call to Secrets Manager, STS's `GetCallerIdentity`, and STS's `AssumeRole`. */
  hosts: string[]
  login: string
}

/** Returns the hosts that are called in a region. */
async function callsIn (t: Test, region: string, own: EndpointSettings, shared: EndpointSettings = {}): Promise<Hosts> {
  process.env.TEST_KEY = 'AKIATEST'
  const keys = { kind: 'environment', accessKeyIdVariable: 'TEST_KEY', secretAccessKeyVariable: 'TEST_KEY', ...own } as const
  const role = { kind: 'assume-role', roleArn: 'arn:aws:iam::111122223333:role/a', source: 'keys', ...own } as const
  const credentials = new Map<string, CredentialDefinition>([['keys', keys], ['role', role]])
  const aws = awsFrom(shared)
  const clients = awsClients({ credentials, aws, gates: gatesWithoutQuotas(), stsRegion: () => region, now: Date.now })
  t.teardown(clients.close)
  const [secretsManager, identity, assumed] = [
    await hostsOf(async () => t.rejects(listThrough(clients.clientFor({ credentialId: 'keys' }, region).client))),
    await hostsOf(async () => t.rejects(clients.verify('keys'))),
    await hostsOf(async () => t.rejects(clients.verify('role')))
  ]
  return { hosts: [...secretsManager, ...identity, ...assumed], login: new URL(await stsUrl(aws, region)).host }
}

const [fips, dualstack] = [{ useFipsEndpoint: true }, { useDualstackEndpoint: true }]

const table: readonly (readonly [region: string, settings: EndpointSettings, secretsManager: string, sts: string])[] = [
  ['eu-west-1', {}, 'secretsmanager.eu-west-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com'],
  ['us-east-1', {}, 'secretsmanager.us-east-1.amazonaws.com', 'sts.us-east-1.amazonaws.com'],
  ['us-east-1', fips, 'secretsmanager-fips.us-east-1.amazonaws.com', 'sts-fips.us-east-1.amazonaws.com'],
  ['eu-west-1', dualstack, 'secretsmanager.eu-west-1.amazonaws.com', 'sts.eu-west-1.api.aws'],
  ['us-east-1', { ...fips, ...dualstack }, 'secretsmanager-fips.us-east-1.amazonaws.com', 'sts-fips.us-east-1.api.aws'],
  ['cn-north-1', {}, 'secretsmanager.cn-north-1.amazonaws.com.cn', 'sts.cn-north-1.amazonaws.com.cn'],
  ['us-gov-west-1', {}, 'secretsmanager.us-gov-west-1.amazonaws.com', 'sts.us-gov-west-1.amazonaws.com'],
  ['us-gov-west-1', fips, 'secretsmanager-fips.us-gov-west-1.amazonaws.com', 'sts.us-gov-west-1.amazonaws.com'],
  ['us-iso-east-1', {}, 'secretsmanager.us-iso-east-1.c2s.ic.gov', 'sts.us-iso-east-1.c2s.ic.gov']
]

for (const [region, settings, secretsManager, sts] of table) {
  t.test(`the hosts in ${region} with ${JSON.stringify(settings)}`, async (t) => {
    const expected = [secretsManager, sts, sts]
    t.same(await callsIn(t, region, {}, settings), { hosts: expected, login: sts }, 'for all credentials')
    t.same((await callsIn(t, region, settings)).hosts, expected, 'for one credential')
  })
}

t.test('a credential\'s own endpoints take precedence over those of all credentials', async (t) => {
  const own = { endpoint: 'https://vpce-1.example.com', stsEndpoint: 'https://vpce-2.example.com' }
  const calls = await callsIn(t, 'eu-west-1', own, { endpoint: 'https://all.example.com' })
  t.same(calls, { hosts: ['vpce-1.example.com', 'vpce-2.example.com', 'vpce-2.example.com'], login: 'all.example.com' })
  const emulator = await callsIn(t, 'eu-west-1', { endpoint: 'https://own.example.com' }, { stsEndpoint: 'https://all.example.com' })
  t.same(emulator.hosts, ['own.example.com', 'own.example.com', 'own.example.com'])
  const without = await callsIn(t, 'us-east-1', { useFipsEndpoint: false }, fips)
  t.equal(without.hosts[0], 'secretsmanager.us-east-1.amazonaws.com')
})
