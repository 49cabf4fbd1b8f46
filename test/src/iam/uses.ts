import type { SecretsManager } from '@aws-sdk/client-secrets-manager'
import type { Action } from '#src/authorization/actions'
import { until } from '#test/until'

/** A request that needs permissions in AWS, and the state of the secret before it. */
export interface Use {
  method: string
  /** The path after that of the secret. If it begins with two slashes, the path after that of the environment. */
  path?: string
  json?: unknown
  headers?: Record<string, string>
  /** The environment; `prod` by default. */
  environment?: string
  /** The status of the reply if nothing is denied. Any success by default. */
  status?: number
  /** Prepares the secret, which exists already and has two versions. */
  prepare?: (aws: SecretsManager, SecretId: string) => Promise<unknown>
}

/** Actions of the gateway, and requests that together need everything that AWS must allow for these actions. */
export interface Case {
  actions: readonly Action[]
  uses: readonly Use[]
}

export const lambdaArn = 'arn:aws:lambda:eu-west-1:111122223333:function:rotator'

/** The IDs of the two versions of each secret. */
export const versionIds = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const

const ifMatch = { headers: { 'if-match': `"${versionIds[1]}"` } }

const noOne = { Version: '2012-10-17', Statement: { Effect: 'Deny', Principal: { AWS: '999999999999' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' } }

const remove = async (aws: SecretsManager, SecretId: string): Promise<unknown> => aws.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true })
const schedule = async (aws: SecretsManager, SecretId: string): Promise<unknown> => aws.deleteSecret({ SecretId })
const toFrankfurt = async (aws: SecretsManager, SecretId: string): Promise<unknown> =>
  aws.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'eu-central-1' }] })
const rotating = async (aws: SecretsManager, SecretId: string): Promise<unknown> =>
  aws.rotateSecret({ SecretId, RotationLambdaARN: lambdaArn, RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false })

/** Configures a rotation, and waits until its test has ended. */
async function rotated (aws: SecretsManager, SecretId: string): Promise<void> {
  await rotating(aws, SecretId)
  await until(async () => !Object.values((await aws.describeSecret({ SecretId })).VersionIdsToStages ?? {}).flat().includes('AWSPENDING'))
}

/** An item of a bulk create that always fails, after the others have been carried out. */
const failing = { name: '{name}/failing', value: 'v', kmsKeyId: 'alias/none' }

const forOne = (action: Action, ...uses: Use[]): Case => ({ actions: [action], uses })

/** Requests for each action of the gateway's policies. `{name}` is replaced by the secret's name. */
export const cases: readonly Case[] = [
  forOne('ListSecrets', { method: 'GET', path: '//secrets' }),
  forOne('BatchGetSecretValue',
    { method: 'POST', path: '//values', json: { names: ['{name}'] } },
    { method: 'POST', path: '//values', json: { filters: { namePrefix: '{name}' } } }),
  forOne('GetRandomPassword', { method: 'GET', path: '//random-password' }),
  forOne('DescribeSecret', { method: 'GET', path: '/metadata' }, { method: 'GET', path: '/references' }),
  forOne('GetSecretValue', { method: 'GET' }),
  forOne('ListSecretVersionIds', { method: 'GET', path: '/versions' }),
  forOne('GetResourcePolicy', { method: 'GET', path: '/policy' }),
  forOne('CreateSecret',
    { method: 'POST', json: { value: 'v', tags: { team: 'a' } }, prepare: remove },
    { method: 'POST', path: '//secrets', json: { secretNames: ['{name}/placeholder'], secrets: [{ name: '{name}/generated', generate: {} }], failOnError: true } },
    { method: 'POST', path: '//secrets', json: { secrets: [{ name: '{name}', value: 'v' }], onConflict: 'skip', failOnError: true } },
    { method: 'POST', path: '//secrets', json: { secrets: [{ name: '{name}/a', value: 'v' }, failing], atomic: true }, status: 409 }),
  forOne('PutSecretValue', { method: 'PUT', json: { value: 'x' } }, { method: 'PUT', json: { value: 'x' }, ...ifMatch }),
  forOne('UpdateSecret', { method: 'PATCH', json: { description: 'd' } }, { method: 'PATCH', json: { description: 'd' }, ...ifMatch },
    { method: 'PATCH', json: { kmsKeyId: 'alias/prod' } }),
  forOne('UpdateSecretVersionStage', { method: 'POST', path: '/rollback', json: {} }),
  forOne('DeleteSecret', { method: 'DELETE' }, { method: 'DELETE', ...ifMatch }),
  forOne('RestoreSecret', { method: 'POST', path: '/restore', prepare: schedule }),
  forOne('TagResource', { method: 'PUT', path: '/tags', json: { team: 'a' } }),
  forOne('UntagResource', { method: 'DELETE', path: '/tags?key=team', prepare: async (aws, SecretId) => aws.tagResource({ SecretId, Tags: [{ Key: 'team', Value: 'a' }] }) }),
  {
    actions: ['CreateSecret', 'UpdateSecret', 'PutSecretValue', 'TagResource', 'RestoreSecret'],
    uses: [
      { method: 'POST', path: '//secrets', json: { secrets: [{ name: '{name}/generated', generate: {} }], onConflict: 'update', failOnError: true } },
      { method: 'POST', path: '//secrets', json: { secrets: [{ name: '{name}', value: 'x', description: 'd', tags: { team: 'b' } }, failing], onConflict: 'update', atomic: true }, status: 409 },
      { method: 'POST', path: '//secrets', json: { secrets: [{ name: '{name}' }, failing], restore: true, atomic: true }, status: 409, prepare: schedule }
    ]
  },
  forOne('ConfigureRotation', { method: 'PUT', path: '/rotation', json: { lambdaArn, automaticallyAfterDays: 30, rotateImmediately: false } }),
  forOne('RotateSecret', { method: 'POST', path: '/rotation', prepare: rotated }),
  forOne('CancelRotateSecret', { method: 'DELETE', path: '/rotation', prepare: rotating }),
  forOne('PutResourcePolicy', { method: 'PUT', path: '/policy', json: { resourcePolicy: noOne } }),
  forOne('ValidateResourcePolicy', { method: 'POST', path: '/policy/validate', json: { resourcePolicy: {} } }),
  forOne('DeleteResourcePolicy', { method: 'DELETE', path: '/policy' }),
  forOne('ReplicateSecretToRegions', { method: 'PUT', path: '/replicas', json: { replicaRegions: [{ region: 'eu-central-1' }] } }),
  forOne('RemoveRegionsFromReplication', { method: 'DELETE', path: '/replicas?region=eu-central-1', prepare: toFrankfurt }),
  forOne('StopReplicationToReplica', { method: 'POST', path: '/replicas/promote', environment: 'standby', prepare: toFrankfurt }),
  forOne('ForceDeleteSecret', { method: 'DELETE', path: '?force=true' }, { method: 'DELETE', path: '?force=true', headers: { 'if-match': '*' } }),
  forOne('AssessPosture',
    { method: 'GET', path: '//posture' },
    { method: 'GET', path: '//posture?rule=replicas&namePrefix={name}' },
    { method: 'GET', path: '//posture?rule=public-policy&namePrefix={name}' }),
  forOne('CompareValues', { method: 'GET', path: '///consistency?environments=prod,origin&compareValues=true&namePrefix={name}' }),
  forOne('PromoteSecret',
    { method: 'POST', path: '//promotions', json: { from: 'origin', missing: true, failOnError: true } },
    { method: 'POST', path: '//promotions', json: { from: 'origin', names: ['{name}'], onConflict: 'update', failOnError: true } })
]

/** The actions for which AWS is not called on an environment's secrets. */
export const withoutCalls: readonly Action[] = ['DescribeEnvironment', 'DescribeCredential', 'VerifyCredential', 'CheckAuthorization', 'InvalidateCache']
