import type { ConditionContext } from '#src/local-backend/policies/pattern'
import { findRotation } from '#src/local-backend/store/rotations'
import type { Secret } from '#src/local-backend/store/secrets'
import { tagsOf } from '#src/local-backend/store/tags'
import type { CallContext, Caller } from './context.ts'
import { current } from './staging-labels.ts'

/** An operation's input. Declares only the members whose types policy evaluation relies on. */
export interface PolicyInput {
  [member: string]: unknown
  SecretId?: string
  Name?: string
  Tags?: readonly { Key?: string, Value?: string }[]
  TagKeys?: readonly string[]
  AddReplicaRegions?: readonly { Region?: string }[]
  VersionId?: string
  VersionStage?: string
}

/** The parts of a request from which condition keys are derived. */
export interface PolicySubject {
  /** The name of the operation, or of another permission that the operation needs. */
  operation: string
  input: PolicyInput
  /** The secret that the request is about, if it exists. */
  secret: Secret | undefined
  /** The ID of the account that owns the secret or, for a new secret, will own it. */
  ownerId: string
}

/** The input members for which AWS has condition keys. Each key is the member's name, prefixed with `secretsmanager:`. */
const members = [
  'BlockPublicPolicy', 'Description', 'ExternalSecretRotationRoleArn', 'ForceDeleteWithoutRecovery', 'ForceOverwriteReplicaSecret',
  'KmsKeyId', 'Name', 'RecoveryWindowInDays', 'RotateImmediately', 'RotationLambdaARN', 'Type', 'VersionId'
]

export type Entry = [string, string | readonly string[] | undefined | null]

/**
 * Returns the values of a request's condition keys: Secrets Manager's own keys, and the global keys that this backend supports.
 * Keys that don't apply to the request are missing.
 */
export function conditionContext (context: CallContext, subject: PolicySubject): ConditionContext {
  const { caller, now, scope } = context
  return contextOf([
    ...callerEntries(caller, { now, region: scope.region, ownerId: subject.ownerId }),
    ...inputEntries(subject),
    ...secretEntries(context, subject.secret)
  ])
}

/**
 * Groups values by condition key. Converts the keys to lower case, because condition keys are case-insensitive. A key that occurs
 * more than once gets all of its values.
 */
export function contextOf (entries: readonly Entry[]): ConditionContext {
  const values = new Map<string, string[]>()
  for (const [key, value] of entries) {
    if (value === undefined || value === null) continue
    const name = key.toLowerCase()
    values.set(name, [...values.get(name) ?? [], ...typeof value === 'string' ? [value] : value])
  }
  return values
}

/** The time and region of a request, and the owner of its resource. */
interface Circumstances {
  /** The current time, in milliseconds since the epoch. */
  now: number
  region: string
  /** The ID of the account that owns the resource. */
  ownerId: string
}

/** Returns the values of the global condition keys that this backend supports, except the condition keys for tags. */
export function callerEntries ({ principal, sourceIp }: Caller, { now, region, ownerId }: Circumstances): Entry[] {
  const [, userName] = /:user\/(?:.*\/)?([^/]+)$/.exec(principal.arn) ?? []
  return [
    ['aws:PrincipalArn', principal.session?.roleArn ?? principal.arn],
    ['aws:PrincipalAccount', principal.accountId],
    ['aws:PrincipalIsAWSService', String(principal.service !== undefined)],
    ['aws:username', userName],
    ['aws:userid', principal.userId],
    ['aws:SourceIdentity', principal.session?.sourceIdentity],
    ['aws:SourceIp', sourceIp],
    // Treats loopback traffic as secure, since it never leaves the machine. AWS itself accepts only TLS.
    ['aws:SecureTransport', String(/^(?:127\.|::1$)/.test(sourceIp))],
    ['aws:CurrentTime', new Date(now).toISOString()],
    ['aws:EpochTime', String(Math.floor(now / 1000))],
    ['aws:RequestedRegion', region],
    ['aws:ResourceAccount', ownerId]
  ]
}

function inputEntries ({ operation, input }: PolicySubject): Entry[] {
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

function secretEntries ({ store }: CallContext, secret: Secret | undefined): Entry[] {
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
