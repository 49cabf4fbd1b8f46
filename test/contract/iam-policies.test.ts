import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { actionNames, actionTable } from '#src/authorization/actions'
import type { CredentialDefinition } from '#src/credentials/definition'
import { environmentFrom } from '#src/environments/environment'
import { iamPolicy } from '#src/iam/policy'
import { startLocalBackend, type Account, type Role } from '#src/local-backend/server'
import { exampleIn } from '#test/examples'
import { build, embedded, policies } from '#test/helper'
import { identityToken, issuer, keysFile, workload } from '#test/web-identity'

/** A policy document from the documentation. */
interface Document {
  Statement: { Action: string | string[] }[]
}

/** Returns the text of a policy from a page of the documentation. `comment` is the HTML comment above the policy. */
const policyIn = (page: string, comment: string): string => exampleIn(`docs/${page}`, comment)

const statementsOf = (policy: string): Document['Statement'] => (JSON.parse(policy) as Document).Statement

const actionsOf = (policy: string): string[] => statementsOf(policy).flatMap(({ Action }) => Action)

/** Removes an action from a policy, and drops the statements that then have no action. */
function without (policy: string, action: string): string {
  const statements = statementsOf(policy).map((statement) => ({ ...statement, Action: [statement.Action].flat().filter((one) => one !== action) }))
  return JSON.stringify({ Version: '2012-10-17', Statement: statements.filter(({ Action }) => Action.length > 0) })
}

/** The gateway's own policies allow everything, so that only IAM decides. */
const authorization = policies('@id("all") permit (principal, action, resource);')

const accountId = '111122223333'
const policy = policyIn('aws.md', 'policy: secrets')
const user = (accessKeyId: string, ...identityPolicies: string[]): Account =>
  ({ accountId, accessKeyId, secretAccessKey: `${accessKeyId}-secret`, ...identityPolicies.length > 0 && { identityPolicies } })

/** The actions that are necessary to start a session with a source identity. */
const sessionActions = ['AssumeRole', 'SetSourceIdentity']

t.test('each action of the policies for a role is needed', async (t) => {
  const source = policyIn('aws.md', 'policy: source')
  const trust = policyIn('credentials.md', 'trust policy').replace('role/gateway', 'user/source')
  for (const text of [source, trust]) t.strictSame(actionsOf(text), sessionActions.map((action) => `sts:${action}`))
  const web = policyIn('aws.md', 'policy: web identity').replace('WORKLOAD', workload)
  const roleArn = `arn:aws:iam::${accountId}:role/secrets-gateway`
  const everyRole = source.replace(roleArn, `${roleArn}*`)
  const role = (suffix: string, trustPolicy: string): Role => ({ arn: roleArn + suffix, trustPolicy, identityPolicies: [policy] })
  const sourceUser = (accessKeyId: string, identityPolicy: string): Account =>
    ({ ...user(accessKeyId, identityPolicy), accountId: '999999999999', arn: 'arn:aws:iam::999999999999:user/source' })
  const backend = await startLocalBackend({
    accounts: [sourceUser('source', everyRole), ...sessionActions.map((action) => sourceUser(action, without(source, `sts:${action}`)))],
    roles: [
      role('', trust),
      ...sessionActions.map((action) => role(action, without(trust, `sts:${action}`))),
      role('web', web),
      role('other', web.replace(workload, 'other'))
    ],
    identityProviders: [{ issuer, keys: keysFile }]
  })
  t.teardown(backend.close)

  const tokenFile = join(t.testdir({ token: await identityToken(workload, Date.now()) }), 'token')
  const assumed = (suffix: string, from: string): CredentialDefinition =>
    ({ kind: 'assume-role', roleArn: roleArn + suffix, source: from, externalId: 'of-the-gateway' })
  const federated = (suffix: string): CredentialDefinition => ({ kind: 'web-identity', roleArn: roleArn + suffix, tokenFile })
  const works = { role: assumed('', 'source'), web: federated('web') }
  const fails: Record<string, CredentialDefinition> = {
    ...Object.fromEntries(sessionActions.map((action) => [`source-${action}`, assumed('', action)])),
    ...Object.fromEntries(sessionActions.map((action) => [`trust-${action}`, assumed(action, 'source')])),
    other: federated('other')
  }
  const keys = Object.fromEntries(['source', ...sessionActions].map((id) => [id, embedded(id)]))
  const gateway = await build(t, {
    environments: { prod: { region: 'eu-west-1', credential: 'role', allowedCredentials: [...Object.keys(works), ...Object.keys(fails)] } },
    credentials: { ...keys, ...works, ...fails },
    authorization,
    aws: { endpoint: backend.url }
  })
  const list = async (id: string): Promise<unknown> =>
    (await gateway.send('GET', '/environments/prod/secrets', { headers: { 'aws-credential-id': id } })).json
  for (const id of Object.keys(works)) t.match(await list(id), { items: [] }, id)
  for (const id of Object.keys(fails)) t.match(await list(id), { code: 'credential-invalid' }, id)
})

t.test('the role in deploy/terraform may do what reads and writes need, and no more', async (t) => {
  const terraform = readFileSync(join(import.meta.dirname, '..', '..', 'deploy', 'terraform', 'role.tf'), 'utf8')
  const found = Array.from(terraform.matchAll(/"((?:secretsmanager|kms):(?!ViaService)[A-Z]\w+)"/g), ([, action]) => action)
  const environment = environmentFrom('prod', { region: 'eu-west-1', credential: 'gateway', kmsKeyId: 'alias/prod' })
  const actions = actionNames.filter((name) => ['read', 'write'].includes(actionTable[name].group) && name !== 'GetResourcePolicy')
  const { policy: { Statement } } = iamPolicy({ environment, credentials: new Map(), actions })
  t.strictSame(found.sort(), Statement.flatMap(({ Action }) => Action).sort())
})
