import { actionNames, actionTable, awsOperationsOf, type Action } from '#src/authorization/actions'
import { kmsPermissions, operationsWithoutResource } from '#src/aws-model/permissions'
import { partitionOf } from '#src/aws-model/partitions'
import type { Operation } from '#src/aws-model/shapes'
import { isRole, roleAccount, type CredentialDefinition } from '#src/credentials/definition'
import type { Environment } from '#src/environments/environment'
import { kmsKeyStatement } from './kms-key.ts'
import { queueArn, type QueueSettings } from './queue.ts'

/** A statement of an IAM policy. All statements here allow something. */
export interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: string | readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface IamPolicy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

/** The settings that determine an environment's policy. */
export interface PolicySubject {
  readonly environment: Environment
  readonly credentials: ReadonlyMap<string, CredentialDefinition>
  /** The queues of `cache.events`. Queues that another credential reads are ignored. */
  readonly queues?: readonly QueueSettings[]
  /** The actions that the environment's callers use. Defaults to all. */
  readonly actions?: readonly Action[]
  /** The ARNs of the rotation functions that callers may choose. By default, any function of the account and region. */
  readonly rotationFunctions?: readonly string[]
}

/** A policy, with notes for its reader. */
export interface GeneratedPolicy {
  readonly policy: IamPolicy
  readonly notes: readonly string[]
}

/** The location of an environment's secrets. `account` is `*` if the configuration doesn't determine it. */
export interface Place {
  readonly partition: string
  readonly region: string
  readonly account: string
}

/** The names of the statements on secrets. Each is an action group with a capital letter. */
const secretStatements = { read: 'Read', write: 'Write', rotate: 'Rotate', administer: 'Administer' } as const

/**
 * Returns the IAM policy that the default credential of an environment needs. The policy allows the AWS operations that the
 * actions call, on the secrets with the environment's prefix in its account and region, and on its KMS key.
 */
export function iamPolicy (subject: PolicySubject): GeneratedPolicy {
  const { environment, actions = actionNames } = subject
  const place = placeOf(subject)
  const operations = new Set(actions.flatMap((action) => awsOperationsOf(action, environment.replicaRegions.length > 0)))
  const queues = queueStatements(subject, place)
  const statements = [
    ...withoutResource(operations, place),
    ...onSecrets(operations, `${arn(place, 'secretsmanager')}:secret:${environment.namePrefix}*`),
    ...onFunctions(operations, subject, place),
    ...onKey(operations, environment, place),
    ...queues.statements
  ]
  return {
    policy: { Version: '2012-10-17', Statement: statements },
    notes: [...notesFor(subject, place, operations), ...queues.notes]
  }
}

/** Returns the beginning of a service's ARNs: everything up to the account. */
export const arn = ({ partition, region, account }: Place, service: string): string => `arn:${partition}:${service}:${region}:${account}`

/** The fallback to the partition `aws` is never used, because the configuration refuses unknown regions. */
function placeOf ({ environment, credentials }: PolicySubject): Place {
  const { region, credential } = environment
  const definition = credentials.get(credential)
  const ofRole = definition !== undefined && isRole(definition) ? roleAccount(definition) : undefined
  return { partition: partitionOf(region) ?? 'aws', region, account: environment.account ?? ofRole ?? '*' }
}

const named = (operations: Iterable<Operation>): string[] => Array.from(operations, (operation) => `secretsmanager:${operation}`).sort()

function withoutResource (operations: ReadonlySet<Operation>, { region }: Place): Statement[] {
  const unbound = Array.from(operations).filter((operation) => operationsWithoutResource.has(operation))
  if (unbound.length === 0) return []
  const Condition = { StringEquals: { 'aws:RequestedRegion': region } }
  return [{ Sid: 'WithoutResource', Effect: 'Allow', Action: named(unbound), Resource: '*', Condition }]
}

function onSecrets (operations: ReadonlySet<Operation>, Resource: string): Statement[] {
  const bound = Array.from(operations).filter((operation) => !operationsWithoutResource.has(operation))
  return Object.entries(secretStatements).flatMap(([group, Sid]) => {
    const ofGroup = bound.filter((operation) => actionTable[operation].group === group)
    return ofGroup.length === 0 ? [] : [{ Sid, Effect: 'Allow' as const, Action: named(ofGroup), Resource }]
  })
}

/**
 * AWS requires `lambda:InvokeFunction` of the principal that starts a rotation, although Secrets Manager itself invokes the
 * function.
 */
function onFunctions (operations: ReadonlySet<Operation>, { rotationFunctions = [] }: PolicySubject, place: Place): Statement[] {
  if (!operations.has('RotateSecret')) return []
  const Resource = rotationFunctions.length > 0 ? rotationFunctions : `${arn(place, 'lambda')}:function:*`
  return [{ Sid: 'InvokeRotationFunction', Effect: 'Allow', Action: ['lambda:InvokeFunction'], Resource }]
}

function onKey (operations: ReadonlySet<Operation>, { kmsKeyId }: Environment, place: Place): Statement[] {
  const permissions = new Set(Array.from(operations).flatMap((operation) => kmsPermissions[operation] ?? []))
  const key = kmsKeyId === undefined ? undefined : kmsKeyStatement(kmsKeyId, place)
  return key === undefined || permissions.size === 0 ? [] : [{ Sid: 'UseKey', Effect: 'Allow', Action: [...permissions].sort(), ...key }]
}

function queueStatements (
  { environment, queues = [] }: PolicySubject, { partition }: Place
): { statements: Statement[], notes: string[] } {
  const read = queues.filter(({ credential }) => credential === environment.credential)
  const arns = read.map((queue) => queueArn(queue, partition))
  const Resource = arns.filter((queue) => queue !== undefined)
  return {
    statements: Resource.length === 0 ? [] : [
      { Sid: 'ReceiveEvents', Effect: 'Allow', Action: ['sqs:DeleteMessage', 'sqs:ReceiveMessage'], Resource }
    ],
    notes: read.filter((_, index) => arns[index] === undefined).map(({ queueUrl }) =>
      `${queueUrl} does not show its account: add sqs:ReceiveMessage and sqs:DeleteMessage on its queue`)
  }
}

function notesFor (
  { environment, credentials, rotationFunctions = [] }: PolicySubject, { account }: Place, operations: ReadonlySet<Operation>
): string[] {
  const { name, credential, allowedCredentials } = environment
  const others = allowedCredentials.filter((id) => id !== credential)
  const definition = credentials.get(credential)
  return [
    ...account === '*'
      ? [`The configuration does not say which account ${name} is in, so the ARNs name all: set environments.${name}.account`]
      : [],
    ...others.length > 0
      ? [`The policy is for the credential ${credential}. ${name} also allows ${others.join(', ')}, which need the same`]
      : [],
    ...definition?.kind === 'assume-role'
      ? [`The policy is for ${definition.roleArn}. Its source ${definition.source} needs sts:AssumeRole and sts:SetSourceIdentity on that role`]
      : [],
    ...operations.has('RotateSecret') && rotationFunctions.length === 0
      ? ['The configuration does not know the rotation functions, so lambda:InvokeFunction is on all of the account and region: name them with --rotation-function']
      : []
  ]
}
