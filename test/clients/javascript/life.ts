/**
 * Runs through the life cycle of a secret with AWS's SDK for JavaScript:
 *
 *     node test/clients/javascript/life.ts PREFIX
 *
 * The endpoint, the region and the keys come from the environment, as for any program that uses the SDK.
 */
import { deepEqual, notEqual, rejects } from 'node:assert/strict'
import { paginateListSecrets, SecretsManager } from '@aws-sdk/client-secrets-manager'

const [, , prefix = ''] = process.argv
const client = new SecretsManager({ maxAttempts: 1 })
const name = `${prefix}javascript/${process.hrtime.bigint()}`

const first = await create()
await change(first)
await read(first)
await remove()
notEqual(await create(), first, 'create again')
await remove()
console.log('ok      the life of a secret')

/** Creates the secret without a value, and writes the value. Returns the secret's ARN. */
async function create (): Promise<string> {
  const { ARN: arn = '' } = await client.createSecret({ Name: name, Description: 'Made with JavaScript', Tags: [{ Key: 'team', Value: 'a' }] })
  await client.putSecretValue({ SecretId: arn, SecretString: 'one' })
  const { SecretString: value, VersionStages: labels } = await client.getSecretValue({ SecretId: arn })
  deepEqual({ value, labels }, { value: 'one', labels: ['AWSCURRENT'] }, 'read the value')
  return arn
}

/** Writes bytes, rolls them back, and changes the description, the tags and the policy. */
async function change (arn: string): Promise<void> {
  const bytes = Uint8Array.of(0, 255)
  const { VersionId: second } = await client.putSecretValue({ SecretId: arn, SecretBinary: bytes })
  deepEqual(Uint8Array.from((await client.getSecretValue({ SecretId: name })).SecretBinary ?? []), bytes, 'bytes')
  const { VersionId: previous } = await client.getSecretValue({ SecretId: name, VersionStage: 'AWSPREVIOUS' })
  await client.updateSecretVersionStage({ SecretId: arn, VersionStage: 'AWSCURRENT', RemoveFromVersionId: second, MoveToVersionId: previous })
  await client.updateSecret({ SecretId: arn, Description: 'Changed' })
  await client.untagResource({ SecretId: arn, TagKeys: ['team'] })
  const statement = { Effect: 'Deny', Principal: '*', Action: 'secretsmanager:DeleteSecret', Resource: '*', Condition: { StringEquals: { 'aws:PrincipalTag/team': 'b' } } }
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await client.putResourcePolicy({ SecretId: arn, ResourcePolicy: policy })
  deepEqual((await client.getResourcePolicy({ SecretId: arn })).ResourcePolicy, policy, 'the policy')
  await rejects(client.rotateSecret({ SecretId: arn }), { name: 'InvalidRequestException' }, 'a rotation without a function')
}

/** Reads the changes with each reading operation. */
async function read (arn: string): Promise<void> {
  const { Description: description, Tags: tags = [] } = await client.describeSecret({ SecretId: arn })
  deepEqual({ description, tags }, { description: 'Changed', tags: [] }, 'the description and the tags')
  const listed: unknown[] = []
  for await (const { SecretList: list = [] } of paginateListSecrets({ client }, { Filters: [{ Key: 'name', Values: [name] }] })) {
    listed.push(...list.map(({ ARN }) => ARN))
  }
  deepEqual(listed, [arn], 'the list')
  const { SecretValues: values = [], Errors: errors = [] } = await client.batchGetSecretValue({ SecretIdList: [name, `${name}-none`] })
  deepEqual(values.map(({ SecretString }) => SecretString), ['one'], 'the values of several secrets')
  deepEqual(errors.map(({ ErrorCode }) => ErrorCode), ['ResourceNotFoundException'], 'their errors')
  await rejects(client.getSecretValue({ SecretId: 'elsewhere/a' }), { name: 'ResourceNotFoundException' }, 'a secret of another environment')
}

/** Deletes the secret without a recovery window. */
async function remove (): Promise<void> {
  await client.deleteSecret({ SecretId: name, ForceDeleteWithoutRecovery: true })
  await rejects(client.getSecretValue({ SecretId: name }), { name: 'ResourceNotFoundException' }, 'read after the deletion')
}
