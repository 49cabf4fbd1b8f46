import type { Operation } from '#src/aws-model/shapes'
import type { ConditionContext } from '#src/local-backend/policies/pattern'
import { findRotation } from '#src/local-backend/store/rotations'
import type { Secret } from '#src/local-backend/store/secrets'
import { tagsOf } from '#src/local-backend/store/tags'
import type { CallContext, Caller } from './context.ts'
import { current } from './staging-labels.ts'

/** The input of an operation, as far as policies look at it. */
export interface AskedInput {
  [member: string]: unknown
  SecretId?: string
  Name?: string
  Tags?: readonly { Key?: string, Value?: string }[]
  TagKeys?: readonly string[]
  AddReplicaRegions?: readonly { Region?: string }[]
  VersionId?: string
  VersionStage?: string
}

/** A request that policies are asked about. */
export interface Asked {
  operation: Operation
  input: AskedInput
  /** The secret that it is about, if there is one. */
  secret: Secret | undefined
  /** Whose the secret is, or would be. */
  ownerId: string
}

/** The members of inputs that policies know, each under its own name with the service's prefix. */
const members = [
  'BlockPublicPolicy', 'Description', 'ExternalSecretRotationRoleArn', 'ForceDeleteWithoutRecovery', 'ForceOverwriteReplicaSecret',
  'KmsKeyId', 'Name', 'RecoveryWindowInDays', 'RotateImmediately', 'RotationLambdaARN', 'Type', 'VersionId'
]

export type Entry = [string, string | readonly string[] | undefined | null]

/**
 * What policies can ask of a request, by condition key: AWS's keys for Secrets Manager and its global ones, so far as they mean
 * anything here. A request has no value for a key that it says nothing about.
 */
export function conditionContext (context: CallContext, asked: Asked): ConditionContext {
  const { caller, now, scope } = context
  return contextOf([
    ...ofCaller(caller, { now, region: scope.region, ownerId: asked.ownerId }),
    ...ofInput(asked),
    ...ofSecret(context, asked.secret)
  ])
}

/** Keys are compared without regard to case; a key that is there more than once has several values. */
export function contextOf (entries: readonly Entry[]): ConditionContext {
  const values = new Map<string, string[]>()
  for (const [key, value] of entries) {
    if (value === undefined || value === null) continue
    const name = key.toLowerCase()
    values.set(name, [...values.get(name) ?? [], ...typeof value === 'string' ? [value] : value])
  }
  return values
}

/** What a request is asked with. */
interface Circumstances {
  /** Milliseconds since the epoch. */
  now: number
  region: string
  /** The account that has what it is about. */
  ownerId: string
}

/** AWS's global keys: who asks, when and from where. */
export function ofCaller ({ principal, sourceIp }: Caller, { now, region, ownerId }: Circumstances): Entry[] {
  const [, userName] = /:user\/(?:.*\/)?([^/]+)$/.exec(principal.arn) ?? []
  return [
    ['aws:PrincipalArn', principal.session?.roleArn ?? principal.arn],
    ['aws:PrincipalAccount', principal.accountId],
    ['aws:PrincipalIsAWSService', String(principal.service !== undefined)],
    ['aws:username', userName],
    ['aws:userid', principal.userId],
    ['aws:SourceIdentity', principal.session?.sourceIdentity],
    ['aws:SourceIp', sourceIp],
    // What doesn't leave the machine is as safe as what AWS takes, which is TLS alone.
    ['aws:SecureTransport', String(/^(?:127\.|::1$)/.test(sourceIp))],
    ['aws:CurrentTime', new Date(now).toISOString()],
    ['aws:EpochTime', String(Math.floor(now / 1000))],
    ['aws:RequestedRegion', region],
    ['aws:ResourceAccount', ownerId]
  ]
}

function ofInput ({ operation, input }: Asked): Entry[] {
  const { Tags = [], TagKeys = [], AddReplicaRegions = [], RotationRules, VersionId, VersionStage } = input
  const regions = AddReplicaRegions.flatMap(({ Region = [] }) => Region)
  const tagKeys = [...Tags.flatMap(({ Key = [] }) => Key), ...TagKeys]
  return [
    ...members.map((member): Entry => [`secretsmanager:${member}`, textOf(input[member])]),
    ['secretsmanager:VersionStage', operation === 'GetSecretValue' && VersionId === undefined ? VersionStage ?? current : VersionStage],
    ['secretsmanager:ModifyRotationRules', RotationRules === undefined ? undefined : 'true'],
    ['secretsmanager:AddReplicaRegions', regions.length > 0 ? regions : undefined],
    ['aws:TagKeys', tagKeys.length > 0 ? tagKeys : undefined],
    ...Tags.map(({ Key = '', Value = '' }): Entry => [`aws:RequestTag/${Key}`, Value])
  ]
}

function textOf (value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function ofSecret ({ store }: CallContext, secret: Secret | undefined): Entry[] {
  if (secret === undefined) return []
  return [
    ['secretsmanager:SecretId', secret.arn],
    ['secretsmanager:SecretPrimaryRegion', secret.primaryRegion],
    ['secretsmanager:resource/Type', secret.type],
    ['secretsmanager:resource/AllowRotationLambdaArn', findRotation(store, secret)?.functionArn],
    ...(tagsOf(store, secret) ?? []).flatMap(({ Key, Value }): Entry[] => [
      [`aws:ResourceTag/${Key}`, Value], [`secretsmanager:ResourceTag/${Key}`, Value]
    ])
  ]
}
