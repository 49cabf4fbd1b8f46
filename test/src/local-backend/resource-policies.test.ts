import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  CreateSecretCommand, DeleteResourcePolicyCommand, DeleteSecretCommand, DescribeSecretCommand, GetResourcePolicyCommand,
  GetSecretValueCommand, PutResourcePolicyCommand, ReplicateSecretToRegionsCommand, StopReplicationToReplicaCommand,
  ValidateResourcePolicyCommand, type SecretsManagerClient
} from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import type { Account } from '#src/local-backend/server'
import { account, clientOf, otherAccount, start, stoppedClock } from './backend.ts'

const clock = stoppedClock()
const backend = await start(t, { now: () => clock.now })
const client = clientOf(t, backend)

let secrets = 0

async function create (by: SecretsManagerClient = client): Promise<{ SecretId: string, ARN: string }> {
  const Name = `policies/${++secrets}`
  const { ARN = '' } = await by.send(new CreateSecretCommand({ Name, SecretString: 'v' }))
  return { SecretId: Name, ARN }
}

const allow = { Effect: 'Allow', Principal: { AWS: otherAccount.accountId }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }

function document (Statement: object, Version = '2012-10-17'): string {
  return JSON.stringify({ Version, Statement })
}

function put (SecretId: string, ResourcePolicy: string, options: { BlockPublicPolicy?: boolean } = {}) {
  return client.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy, ...options }))
}

async function policyOf (SecretId: string): Promise<string | undefined> {
  return (await client.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy
}

const malformed = { name: 'MalformedPolicyDocumentException', message: 'This policy has invalid syntax.' }

await t.test('a policy is stored unchanged until it is replaced or deleted', async (t) => {
  const { SecretId, ARN } = await create()
  const without = await client.send(new GetResourcePolicyCommand({ SecretId }))
  t.strictSame([without.ARN, without.Name, 'ResourcePolicy' in without], [ARN, SecretId, false])

  const before = await client.send(new DescribeSecretCommand({ SecretId }))
  for (const text of [` {\n"Statement" :\t${JSON.stringify(allow)} }`, document([allow])]) {
    clock.move(1000)
    const { ARN: arn, Name } = await put(SecretId, text)
    t.strictSame([arn, Name, await policyOf(ARN)], [ARN, SecretId, text])
  }
  const after = await client.send(new DescribeSecretCommand({ SecretId }))
  t.equal(Number(after.LastChangedDate) - Number(before.LastChangedDate), 2000)

  for (let times = 0; times < 2; times += 1) {
    const { ARN: arn, Name } = await client.send(new DeleteResourcePolicyCommand({ SecretId }))
    t.strictSame([arn, Name, await policyOf(SecretId)], [ARN, SecretId, undefined])
  }
})

await t.test('a malformed policy is rejected with AWS\'s message, and the earlier one remains', async (t) => {
  const { SecretId } = await create()
  const good = document(allow)
  await put(SecretId, good)
  for (const text of ['not JSON', '[]', document([allow], '2019-10-19'), document({ ...allow, Effect: 'AllowSomething' }), document({ ...allow, Principal: undefined })]) {
    await t.rejects(put(SecretId, text), malformed, text)
  }
  await t.rejects(put(SecretId, document({ ...allow, Principal: { AWS: 'nobody' } })), {
    name: 'MalformedPolicyDocumentException', message: 'This resource policy contains an unsupported principal'
  })
  await t.rejects(put(SecretId, document({ ...allow, Principal: { Service: 'example.com' } })), {
    name: 'MalformedPolicyDocumentException', message: 'This resource policy contains an unsupported service principal.'
  })
  t.equal(await policyOf(SecretId), good)
})

await t.test('at most 20480 characters', async (t) => {
  const { SecretId } = await create()
  const longest = document(allow).padEnd(20_480)
  await put(SecretId, longest)
  t.equal(await policyOf(SecretId), longest)
  await t.rejects(put(SecretId, `${longest} `), { name: 'ValidationException', message: /length less than or equal to 20480$/ })
})

await t.test('a public policy is rejected only on request', async (t) => {
  const { SecretId } = await create()
  const open = document({ ...allow, Principal: '*' })
  await t.rejects(put(SecretId, open, { BlockPublicPolicy: true }), {
    name: 'PublicPolicyException', message: 'You can\'t attach a resource-based policy that allows broad access to the secret.'
  })
  t.equal(await policyOf(SecretId), undefined)
  await put(SecretId, document({ ...allow, Principal: '*', Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } }), { BlockPublicPolicy: true })
  await put(SecretId, open, { BlockPublicPolicy: false })
  await put(SecretId, open)
  t.equal(await policyOf(SecretId), open)
})

await t.test('a secret that is missing, has an invalid name, or is scheduled for deletion', async (t) => {
  const { SecretId } = await create()
  await put(SecretId, document(allow))
  await client.send(new DeleteSecretCommand({ SecretId }))
  const ResourcePolicy = document(allow)
  for (const [id, refusal] of [
    ['nowhere', { name: 'ResourceNotFoundException' }], ['bad name', { name: 'ValidationException' }],
    [SecretId, { name: 'InvalidRequestException', message: 'You can\'t perform this operation on the secret because it was marked for deletion.' }]
  ] as const) {
    await t.rejects(client.send(new GetResourcePolicyCommand({ SecretId: id })), refusal)
    await t.rejects(client.send(new PutResourcePolicyCommand({ SecretId: id, ResourcePolicy })), refusal)
    await t.rejects(client.send(new DeleteResourcePolicyCommand({ SecretId: id })), refusal)
    await t.rejects(client.send(new ValidateResourcePolicyCommand({ SecretId: id, ResourcePolicy })), refusal)
  }
  await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
  await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: 'v' }))
  t.equal(await policyOf(SecretId), undefined, 'the policy was deleted with its secret')
})

await t.test('validation lists the violations, with and without a secret', async (t) => {
  const { SecretId } = await create()
  const broad = { CheckName: 'BroadAccess', ErrorMessage: 'This resource policy grants broad access to your secret.' }
  const lockout = { CheckName: 'Lockout', ErrorMessage: 'Your requested changes will not allow you to manage this secret in the future.' }
  const syntax = (ErrorMessage: string) => ({ CheckName: 'PolicySyntax', ErrorMessage })
  const open = { ...allow, Principal: '*' }
  const table: [string, object[]][] = [
    [document(allow), []],
    ['not JSON', [syntax('This policy has invalid syntax.')]],
    [document({ ...allow, Effect: 'AllowSomething' }), [syntax('This policy has invalid syntax.')]],
    [document({ ...allow, Principal: { AWS: 'nobody' } }), [syntax('This resource policy contains an unsupported principal')]],
    [document(open), [broad]],
    [document({ ...open, Effect: 'Deny', Action: 'secretsmanager:*' }), [lockout]],
    [document({ ...open, Effect: 'Deny' }), []],
    [document([open, { ...open, Effect: 'Deny', Action: 'secretsmanager:PutResourcePolicy' }]), [broad, lockout]]
  ]
  for (const [ResourcePolicy, errors] of table) {
    for (const target of [{}, { SecretId }]) {
      const { PolicyValidationPassed, ValidationErrors } = await client.send(new ValidateResourcePolicyCommand({ ...target, ResourcePolicy }))
      t.strictSame([PolicyValidationPassed, ValidationErrors], [errors.length === 0, errors], ResourcePolicy)
    }
  }
  t.equal(await policyOf(SecretId), undefined, 'nothing is stored')
})

await t.test('validation finds out if a policy of one secret locks the caller out', async (t) => {
  const limited: Account = {
    ...account, accessKeyId: 'AKIALIMITED', arn: `arn:aws:iam::${account.accountId}:user/ada`, identityPolicies: [document({
      Effect: 'Allow', Action: ['secretsmanager:CreateSecret', 'secretsmanager:ValidateResourcePolicy'], Resource: '*'
    })]
  }
  const backend = await start(t, { accounts: [account, limited] })
  const root = clientOf(t, backend)
  const { SecretId } = await create(root)
  const mine = { Effect: 'Allow', Principal: { AWS: limited.arn }, Action: 'secretsmanager:PutResourcePolicy', Resource: '*' }
  await root.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: document(mine) }))
  const validate = (statement: object) =>
    clientOf(t, backend, limited).send(new ValidateResourcePolicyCommand({ SecretId, ResourcePolicy: document(statement) }))
  t.match(await validate(mine), { PolicyValidationPassed: true, ValidationErrors: [] })
  t.match(await validate({ ...mine, Principal: { AWS: otherAccount.accountId } }), { ValidationErrors: [{ CheckName: 'Lockout' }] })
})

await t.test('a replica has the policy of its primary secret, and is changed only there', async (t) => {
  const { SecretId } = await create()
  const there = clientOf(t, backend, account, 'us-east-1')
  const shown = async () => (await there.send(new GetResourcePolicyCommand({ SecretId }))).ResourcePolicy
  const first = document(allow)
  await put(SecretId, first)
  await client.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] }))
  t.equal(await shown(), first)
  const second = document([allow])
  await put(SecretId, second)
  t.equal(await shown(), second)
  const refusal = {
    name: 'InvalidParameterException', message: 'Operation not permitted on a replica secret. Call must be made in primary secret\'s region.'
  }
  await t.rejects(there.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: first })), refusal)
  await t.rejects(there.send(new DeleteResourcePolicyCommand({ SecretId })), refusal)
  await client.send(new DeleteResourcePolicyCommand({ SecretId }))
  t.equal(await shown(), undefined)
  await put(SecretId, first)
  await there.send(new StopReplicationToReplicaCommand({ SecretId }))
  t.equal(await shown(), first, 'a promoted replica keeps the policy')
})

await t.test('policies survive a restart, and one that can\'t be parsed denies everything', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const first = await start(t, { dataDir })
  const { SecretId, ARN } = await create(clientOf(t, first))
  const ResourcePolicy = document(allow)
  await clientOf(t, first).send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }))
  await first.close()
  const second = await start(t, { dataDir })
  t.match(await clientOf(t, second).send(new GetResourcePolicyCommand({ SecretId })), { ResourcePolicy })
  await second.close()

  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec(`UPDATE resource_policies SET policy = '{"Statement":{"Effect":"Permit"}}'`)
  database.close()
  const third = await start(t, { dataDir })
  await t.rejects(clientOf(t, third).send(new GetSecretValueCommand({ SecretId })), {
    name: 'AccessDeniedException',
    message: `User: arn:aws:iam::${account.accountId}:root is not authorized to perform: secretsmanager:GetSecretValue on resource: ${ARN} with an explicit deny in a resource-based policy`
  })
})
