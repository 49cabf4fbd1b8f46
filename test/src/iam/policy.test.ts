import { join } from 'node:path'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { actionNames, type Action } from '#src/authorization/actions'
import { environmentFrom, type Environment } from '#src/environments/environment'
import { iamPolicy, type IamPolicy, type Statement } from '#src/iam/policy'
import { findingOf } from '#src/local-backend/policies/evaluate'
import { parsePolicy } from '#src/local-backend/policies/parse'
import { startLocalBackend, type Account, type LocalBackend } from '#src/local-backend/server'
import { build, embedded, policies, type Gateway } from '#test/helper'
import { startQueue } from '#test/sqs'
import { until } from '#test/until'
import { cases, lambdaArn, versionIds, withoutCalls, type Case, type Use } from './uses.ts'

const accountId = '111122223333'

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'

/** The environments, which have all settings that change what AWS must allow. */
const declared = {
  prod: { region: 'eu-west-1', account: accountId, credential: 'own', namePrefix: 'prod/', kmsKeyId: 'alias/prod', tags: { env: 'prod' }, replicaRegions: ['eu-central-1'] },
  standby: { region: 'eu-central-1', account: accountId, credential: 'own', namePrefix: 'prod/' },
  origin: { region: 'eu-west-1', account: accountId, credential: 'own', kmsKeyId: `arn:aws:kms:eu-west-1:${accountId}:key/${keyId}` }
}

const environments: readonly Environment[] = Object.entries(declared).map(([name, environment]) => environmentFrom(name, environment))

/** Returns the policies of all environments, with some statements or actions left out. */
const policiesFor = (actions: readonly Action[], keep: (statement: Statement, action: string) => boolean = () => true): string[] =>
  environments.map((environment) => iamPolicy({ environment, credentials: new Map(), actions, rotationFunctions: [lambdaArn] }).policy)
    .map((policy): IamPolicy => ({
      ...policy,
      Statement: policy.Statement
        .map((statement) => ({ ...statement, Action: statement.Action.filter((action) => keep(statement, action)) }))
        .filter(({ Action }) => Action.length > 0)
    }))
    .filter(({ Statement }) => Statement.length > 0)
    .map((policy) => JSON.stringify(policy))

const statementsOf = (policy: string): readonly Statement[] => (JSON.parse(policy) as IamPolicy).Statement

const user = (accessKeyId: string, identityPolicies?: string[]): Account =>
  ({ accountId, accessKeyId, secretAccessKey: `${accessKeyId}-secret`, ...identityPolicies !== undefined && { identityPolicies } })

/** The gateway's own policies allow everything, so that only IAM decides. */
const everything = policies('@id("all") permit (principal, action, resource);')

/** What a test removes from the policies: nothing, a statement or an action. */
interface Variant {
  without: string
  actions: readonly Action[]
  identityPolicies: string[]
  uses: readonly Use[]
}

const sidsOf = (actions: readonly Action[]): string[] => [...new Set(policiesFor(actions).flatMap(statementsOf).map(({ Sid }) => Sid))]

const allUses = cases.flatMap(({ uses }) => uses)

/** The variants without one statement: of the policy for each case, and of the policy for all actions. */
const statementVariants = [...cases, { actions: actionNames, uses: allUses }].flatMap(({ actions, uses }): Variant[] => sidsOf(actions).map((sid) =>
  ({ without: sid, actions, identityPolicies: policiesFor(actions, ({ Sid }) => Sid !== sid), uses })))

/** Each action that is left out of the policy for everything. */
const actionVariants = [...new Set(policiesFor(actionNames).flatMap(statementsOf).flatMap(({ Action }) => Action))].map((action): Variant =>
  ({ without: action, actions: actionNames, identityPolicies: policiesFor(actionNames, (_, name) => name !== action), uses: allUses }))

const wholeVariants = [...cases, { actions: actionNames, uses: allUses }].map(({ actions, uses }): Variant =>
  ({ without: 'nothing', actions, identityPolicies: policiesFor(actions), uses }))

const variants = [...wholeVariants, ...statementVariants, ...actionVariants].map((variant, index) => ({ ...variant, id: `KEY${index}` }))

/** Starts a gateway whose credential has the policies of a variant. */
const gatewayWith = async (t: Test, backend: LocalBackend, accessKeyId: string, others: readonly string[] = []): Promise<Gateway> => build(t, {
  environments: Object.fromEntries(Object.entries(declared).map(([name, environment]) => [name, { ...environment, allowedCredentials: [...others] }])),
  credentials: { own: embedded(accessKeyId), ...Object.fromEntries(others.map((id) => [id, embedded(id)])) },
  authorization: everything,
  aws: { endpoint: backend.url }
})

let made = 0

/** Prepares a secret and sends the request. Returns what was denied or failed, or undefined if the request was successful. */
async function carryOut (gateway: Gateway, aws: SecretsManager, use: Use, credentialId = 'own'): Promise<string | undefined> {
  const { method, path = '', json, headers = {}, environment = 'prod', status, prepare } = use
  const name = `use-${made++}`
  for (const [prefix, kmsKeyId] of [['prod/', 'alias/prod'], ['origin/', keyId]] as const) {
    const SecretId = `${prefix}${name}`
    await aws.createSecret({ Name: SecretId, SecretString: prefix, KmsKeyId: kmsKeyId, ClientRequestToken: versionIds[0] })
    await aws.putSecretValue({ SecretId, SecretString: `${prefix}2`, ClientRequestToken: versionIds[1] })
  }
  await prepare?.(aws, `prod/${name}`)
  const root = path.startsWith('///') ? path.slice(2) : `/environments/${environment}${path.startsWith('//') ? path.slice(1) : `/secrets/${name}${path}`}`
  const url = root.replaceAll('{name}', name)
  const body = json === undefined ? {} : { json: JSON.parse(JSON.stringify(json).replaceAll('{name}', name)) as unknown }
  const reply = await gateway.send(method, url, { ...body, headers: { ...headers, ...credentialId !== 'own' && { 'aws-credential-id': credentialId } } })
  const isSuccess = status === undefined ? reply.status < 300 : reply.status === status
  return isSuccess && !reply.text.includes('aws-access-denied') ? undefined : `${method} ${url}: ${reply.status} ${reply.text}`
}

/** Sorts the requests so that those that need the missing part come first. */
const byNeed = (without: string): Use[] => cases.toSorted((one, other) => Number(isAbout(other, without)) - Number(isAbout(one, without)))
  .flatMap(({ uses }) => uses)

const isAbout = ({ actions }: Case, without: string): boolean =>
  policiesFor(actions).flatMap(statementsOf).some(({ Sid, Action }) => Sid === without || Action.includes(without))

/** `ListSecrets` needs `DescribeSecret` only if a list lacks a required secret, which another test below shows. */
const isProvedBelow = ({ actions, without }: Variant): boolean => actions.join() === 'ListSecrets' && without === 'Read'

/** Matches the paths of requests that use the environments' default credentials, whatever the header names. */
const usesDefaults = /consistency|promotions/

t.test('the generated policy suffices, and each of its statements and actions is needed', async (t) => {
  t.strictSame([...cases.flatMap(({ actions }) => actions), ...withoutCalls].filter((name, index, all) => all.indexOf(name) === index).sort(), [...actionNames].sort(), 'there are requests for each action')
  const backend = await startLocalBackend({
    accounts: [user('own'), ...variants.map(({ id, identityPolicies }) => user(id, identityPolicies))],
    kmsKeys: [{ accountId, keyId, aliases: ['alias/prod'] }],
    rotationFunctions: { rotator: join(import.meta.dirname, '../../fixtures/rotation/rotator.ts') }
  })
  t.teardown(backend.close)
  const aws = new SecretsManager({ endpoint: backend.url, region: 'eu-west-1', credentials: user('own') })
  t.teardown(() => { aws.destroy() })
  const shared = await gatewayWith(t, backend, 'own', variants.map(({ id }) => id))
  for (const variant of variants.filter((variant) => !isProvedBelow(variant))) {
    const { id, without, actions, uses } = variant
    const title = actions === actionNames ? 'everything' : actions.join(', ')
    await t.test(`${title} without ${without}`, async (t) => {
      let own: Gateway | undefined
      let failure: string | undefined
      // One failed request is enough to prove that the missing part is needed.
      for (const use of without === 'nothing' || uses !== allUses ? uses : byNeed(without)) {
        if (usesDefaults.test(use.path ?? '')) failure = await carryOut(own ??= await gatewayWith(t, backend, id), aws, use)
        else failure = await carryOut(shared, aws, use, id)
        if (failure !== undefined) break
      }
      if (without === 'nothing') t.equal(failure, undefined)
      else t.match(failure, 'aws-access-denied', `${failure ?? 'nothing'} fails`)
    })
  }
})

t.test('without DescribeSecret, a report shows a required secret that the list lacks as missing', async (t) => {
  const report = async (t: Test, keep: boolean): Promise<unknown> => {
    const environment = environmentFrom('prod', { ...declared.prod, requiredSecrets: ['new'] })
    const { policy } = iamPolicy({ environment, credentials: new Map(), actions: ['ListSecrets'] })
    const Statement = policy.Statement.filter(({ Sid }) => keep || Sid !== 'Read')
    const start = Date.now()
    let passed = 0
    const backend = await startLocalBackend({
      accounts: [user('administrator'), user('own', [JSON.stringify({ ...policy, Statement })])],
      // With this seed, lists lack the secret for longer than the four seconds that pass. Reads of a single secret lag behind by
      // at most three seconds.
      realistic: { seed: 'required 467', wait: async () => Promise.resolve() },
      kmsKeys: [{ accountId, keyId, aliases: ['alias/prod'] }],
      now: () => start + passed
    })
    t.teardown(backend.close)
    const aws = new SecretsManager({ endpoint: backend.url, region: 'eu-west-1', credentials: user('administrator') })
    t.teardown(() => { aws.destroy() })
    const { send } = await build(t, {
      environments: { prod: { ...declared.prod, requiredSecrets: ['new'] } },
      credentials: { own: embedded('own') },
      authorization: everything,
      aws: { endpoint: backend.url }
    })
    await aws.createSecret({ Name: 'prod/new', SecretString: 'v' })
    passed = 4_000
    t.same((await send('GET', '/environments/prod/secrets')).json.items, [], 'the list lacks it')
    return (await send('GET', '/consistency?environments=prod')).json.items?.[0]?.environments.prod.state
  }
  t.equal(await report(t, true), 'present')
  t.equal(await report(t, false), 'missing')
})

t.test('the queue of events is read only with the statement for it', async (t) => {
  const queue = await startQueue(t)
  const environment = environmentFrom('dev', { region: 'eu-west-1', credential: 'dev-account' })
  const events = { queueUrl: queue.queueUrl, region: 'eu-west-1', credential: 'dev-account' }
  const { policy } = iamPolicy({ environment, credentials: new Map(), queues: [events], actions: ['GetSecretValue'] })
  const judge = (identity: object) => (operation: string): boolean =>
    findingOf([parsePolicy(JSON.stringify(identity), 'identity')], {
      requester: { accountId, arn: `arn:aws:iam::${accountId}:user/gateway` },
      action: `sqs:${operation.replace('Batch', '')}`, resource: 'arn:aws:sqs:eu-west-1:111111111111:events', context: new Map()
    }) === 'Allow'
  queue.judge = judge({ ...policy, Statement: policy.Statement.filter(({ Sid }) => Sid !== 'ReceiveEvents') })
  const gateway = await build(t, { cache: { events: [events] } })
  await until(() => gateway.log.some((line) => line.includes('AccessDenied')))
  queue.judge = judge(policy)
  queue.send('{}')
  await until(() => queue.messages().length === 0)
})
