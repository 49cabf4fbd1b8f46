import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { inSpan, type Attributes } from '#src/tracing/span'
import { namedCredential, operationOf, type AwsCall } from './call.ts'
import type { Clients } from './clients.ts'
import { reportEnd, type EndedCall } from './ended-calls.ts'
import { problemFrom, required } from './exception-rules.ts'
import { awsFilters } from './filters.ts'
import { metadataFrom, replicaFrom, secretFrom, versionFrom } from './metadata.ts'
import { anyNameFrom, fromAwsName, secretNameInArn, toAwsName } from './names.ts'
import { nextCursorFrom } from './pages.ts'
import type { BatchResult, ReplicatedSecret, SecretsPort, SortKey, Tags, WriteResult } from './port.ts'
import { sdk, type Sdk } from './sdk.ts'
import { sendCommand } from './send.ts'
import type { RotationRules, SecretContent } from './secret.ts'
import { inputFor } from './verbatim.ts'
import type { BatchGetSecretValueReply, Command, ReplicationStatus, ServiceInput, ServiceOutput, Tag } from './types.ts'

/**
 * Creates the port to AWS, based on the AWS SDK.
 *
 * @param clients returns the clients for the current configuration
 * @param onEnd called when a call has ended
 */
export function createSecretsPort (
  clients: () => Pick<Clients, 'clientFor'>, onEnd: (call: EndedCall) => void = () => undefined
): SecretsPort {
  /** Sends a command through the client for the call's credential and region. For a role, each caller has a separate client. */
  async function send<Input extends ServiceInput, Output extends ServiceOutput> (
    call: AwsCall, create: (commands: Sdk['secretsManager']) => Command<Input, Output>
  ): Promise<Output> {
    const { environment: { region, account }, credentialId, callerId, beforeSending } = call
    if (beforeSending !== undefined) await beforeSending()
    const command = create(sdk().secretsManager)
    const operation = operationOf(command.constructor.name)
    Object.assign(command, { input: inputFor(call, operation, command.input) })
    return inSpan(call.span, `SecretsManager.${operation}`, async (span) => reportEnd(onEnd, operation, call, async () =>
      sendCommand(
        clients().clientFor({ credentialId, callerId, account }, region), span === undefined ? call : { ...call, span }, command
      )
    ), call.span && { kind: 'client', attributes: callAttributes(call, operation) })
  }

  return {
    async batchGetSecretValue (call, { names, cursor }) {
      const reply = await send(call, (commands) => new commands.BatchGetSecretValueCommand({
        SecretIdList: names.map((name) => toAwsName(call.environment, name)),
        NextToken: cursor
      }))
      return compact({ items: batchResults(call, reply), nextCursor: nextCursorFrom(reply.NextToken, cursor) })
    },
    async cancelRotateSecret (call, name) {
      return written(name, await send(call, (commands) => new commands.CancelRotateSecretCommand(idOf(call, name))))
    },
    async createSecret (call, name, { content, description, kmsKeyId, tags, replicaRegions, versionId }) {
      return written(name, await send(call, (commands) => new commands.CreateSecretCommand({
        Name: toAwsName(call.environment, name),
        Description: description,
        KmsKeyId: kmsKeyId,
        ...Object.keys(tags).length > 0 && { Tags: tagsOf(tags) },
        ...replicaRegions.length > 0 && { AddReplicaRegions: replicaRegions.map((Region) => ({ Region })) },
        ...contentOf(content),
        ClientRequestToken: versionId
      })))
    },
    async deleteResourcePolicy (call, name) {
      return written(name, await send(call, (commands) => new commands.DeleteResourcePolicyCommand(idOf(call, name))))
    },
    async deleteSecret (call, name, deletion) {
      const { ARN, DeletionDate } = await send(call, (commands) => new commands.DeleteSecretCommand({
        ...idOf(call, name),
        ...'force' in deletion ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: deletion.recoveryWindowInDays }
      }))
      return { name, arn: required(ARN), deletionDate: required(DeletionDate) }
    },
    async describeSecret (call, name) {
      return metadataFrom(name, await send(call, (commands) => new commands.DescribeSecretCommand(idOf(call, name))))
    },
    async getRandomPassword (call, options) {
      const { RandomPassword } = await send(call, (commands) => new commands.GetRandomPasswordCommand({
        PasswordLength: options.passwordLength,
        ExcludeCharacters: options.excludeCharacters,
        ExcludeNumbers: options.excludeNumbers,
        ExcludePunctuation: options.excludePunctuation,
        ExcludeUppercase: options.excludeUppercase,
        ExcludeLowercase: options.excludeLowercase,
        IncludeSpace: options.includeSpace,
        RequireEachIncludedType: options.requireEachIncludedType
      }))
      return required(RandomPassword)
    },
    async getResourcePolicy (call, name) {
      const { ARN, ResourcePolicy } = await send(call, (commands) => new commands.GetResourcePolicyCommand(idOf(call, name)))
      return compact({ name, arn: required(ARN), policy: ResourcePolicy })
    },
    async getSecretValue (call, name, { versionId, versionStage } = {}) {
      return secretFrom(name, await send(call, (commands) => new commands.GetSecretValueCommand({
        ...idOf(call, name),
        VersionId: versionId,
        VersionStage: versionStage
      })))
    },
    listRecentlyWritten: () => [],
    async listSecrets (call, { filters, includePlannedDeletion, sort, limit, cursor }) {
      const { environment } = call
      const { SecretList = [], NextToken } = await send(call, (commands) => new commands.ListSecretsCommand({
        Filters: awsFilters(environment, filters),
        IncludePlannedDeletion: includePlannedDeletion,
        MaxResults: limit,
        NextToken: cursor,
        ...sort && { SortBy: sortKeys[sort.by], SortOrder: sort.descending ? 'desc' as const : 'asc' as const }
      }))
      const items = SecretList.flatMap((entry) => {
        const name = anyNameFrom(environment, entry.Name ?? '')
        return name === undefined ? [] : [metadataFrom(name, entry)]
      })
      return compact({ items, nextCursor: nextCursorFrom(NextToken, cursor) })
    },
    async listSecretVersionIds (call, name, { includeDeprecated, limit, cursor }) {
      const { Versions = [], NextToken } = await send(call, (commands) => new commands.ListSecretVersionIdsCommand({
        ...idOf(call, name),
        IncludeDeprecated: includeDeprecated,
        MaxResults: limit,
        NextToken: cursor
      }))
      return compact({ items: Versions.map(versionFrom), nextCursor: nextCursorFrom(NextToken, cursor) })
    },
    mayBeCurrent: () => false,
    async putResourcePolicy (call, name, policy, { blockPublicPolicy }) {
      return written(name, await send(call, (commands) => new commands.PutResourcePolicyCommand({
        ...idOf(call, name),
        ResourcePolicy: policy,
        BlockPublicPolicy: blockPublicPolicy
      })))
    },
    async putSecretValue (call, name, content, { versionId, stages } = {}) {
      const reply = await send(call, (commands) => new commands.PutSecretValueCommand({
        ...idOf(call, name),
        ...contentOf(content),
        ClientRequestToken: versionId,
        ...stages && { VersionStages: [...stages] }
      }))
      return compact({ ...written(name, reply), versionStages: reply.VersionStages })
    },
    async removeRegionsFromReplication (call, name, regions) {
      return replicated(name, await send(call, (commands) => new commands.RemoveRegionsFromReplicationCommand({
        ...idOf(call, name),
        RemoveReplicaRegions: [...regions]
      })))
    },
    async replicateSecretToRegions (call, name, { replicas, overwrite }) {
      return replicated(name, await send(call, (commands) => new commands.ReplicateSecretToRegionsCommand({
        ...idOf(call, name),
        AddReplicaRegions: replicas.map(({ region, kmsKeyId }) => ({ Region: region, KmsKeyId: kmsKeyId })),
        ForceOverwriteReplicaSecret: overwrite
      })))
    },
    async restoreSecret (call, name) {
      return written(name, await send(call, (commands) => new commands.RestoreSecretCommand(idOf(call, name))))
    },
    async rotateSecret (call, name, { lambdaArn, rules = {}, rotateImmediately, versionId }) {
      return written(name, await send(call, (commands) => new commands.RotateSecretCommand({
        ...idOf(call, name),
        RotationLambdaARN: lambdaArn,
        ...Object.keys(rules).length > 0 && { RotationRules: rulesOf(rules) },
        RotateImmediately: rotateImmediately,
        ClientRequestToken: versionId
      })))
    },
    async stopReplicationToReplica (call, name) {
      return written(name, await send(call, (commands) => new commands.StopReplicationToReplicaCommand(idOf(call, name))))
    },
    async tagResource (call, name, tags) {
      await send(call, (commands) => new commands.TagResourceCommand({ ...idOf(call, name), Tags: tagsOf(tags) }))
    },
    async untagResource (call, name, keys) {
      await send(call, (commands) => new commands.UntagResourceCommand({ ...idOf(call, name), TagKeys: [...keys] }))
    },
    async updateSecret (call, name, { content, description, kmsKeyId, versionId }) {
      return written(name, await send(call, (commands) => new commands.UpdateSecretCommand({
        ...idOf(call, name),
        Description: description,
        KmsKeyId: kmsKeyId,
        ...contentOf(content),
        ClientRequestToken: versionId
      })))
    },
    async updateSecretVersionStage (call, name, stage, { moveToVersionId, removeFromVersionId }) {
      return written(name, await send(call, (commands) => new commands.UpdateSecretVersionStageCommand({
        ...idOf(call, name),
        VersionStage: stage,
        MoveToVersionId: moveToVersionId,
        RemoveFromVersionId: removeFromVersionId
      })))
    },
    async validateResourcePolicy (call, name, policy) {
      const reply = await send(call, (commands) => new commands.ValidateResourcePolicyCommand({
        ...idOf(call, name),
        ResourcePolicy: policy
      }))
      return {
        passed: required(reply.PolicyValidationPassed),
        errors: (reply.ValidationErrors ?? []).map(({ CheckName, ErrorMessage }) =>
          compact({ checkName: CheckName, errorMessage: ErrorMessage }))
      }
    }
  }
}

const idOf = ({ environment }: AwsCall, name: SecretName): { SecretId: string } =>
  ({ SecretId: toAwsName(environment, name) })

/** Describes a call for its span, as OpenTelemetry's conventions for AWS's SDKs say. */
const callAttributes = ({ credentialId, environment: { region }, background }: AwsCall, operation: string): Attributes => ({
  'rpc.system': 'aws-api',
  'rpc.service': 'SecretsManager',
  'rpc.method': operation,
  'cloud.region': region,
  'secrets_gateway.credential': credentialId,
  'secrets_gateway.priority': background === undefined ? 'foreground' : 'background'
})

function contentOf (content: SecretContent | undefined): { SecretString?: string, SecretBinary?: Uint8Array } {
  if (content === undefined) return {}
  return typeof content === 'string' ? { SecretString: content } : { SecretBinary: content }
}

const tagsOf = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))

const sortKeys = {
  name: 'name',
  createdDate: 'created-date',
  lastChangedDate: 'last-changed-date',
  lastAccessedDate: 'last-accessed-date'
} as const satisfies Record<SortKey, string>

const rulesOf = ({ automaticallyAfterDays, scheduleExpression, duration }: RotationRules): object => compact({
  AutomaticallyAfterDays: automaticallyAfterDays,
  ScheduleExpression: scheduleExpression,
  Duration: duration
})

const written = (name: SecretName, reply: { ARN?: string | undefined, VersionId?: string | undefined }): WriteResult =>
  compact({ name, arn: required(reply.ARN), versionId: reply.VersionId })

const replicated = (name: SecretName, reply: {
  ARN?: string | undefined
  ReplicationStatus?: ReplicationStatus[] | undefined
}): ReplicatedSecret => compact({ name, arn: required(reply.ARN), replicas: reply.ReplicationStatus?.map(replicaFrom) })

function batchResults (
  call: AwsCall, { SecretValues = [], Errors = [] }: BatchGetSecretValueReply
): BatchResult[] {
  const { environment } = call
  const named = (awsName: string | undefined, resultOf: (name: SecretName) => BatchResult): BatchResult[] => {
    const name = fromAwsName(environment, awsName ?? '')
    return name === undefined ? [] : [resultOf(name)]
  }
  return [
    ...SecretValues.flatMap((value) => named(value.Name, (name) => ({ name, secret: secretFrom(name, value) }))),
    // `SecretId` is the secret's ARN if a filter matched the secret, and its name if the secret was requested by name.
    ...Errors.flatMap(({ SecretId = '', ErrorCode = '', Message = '' }) => named(secretNameInArn(SecretId) ?? SecretId, (name) => {
      const failed = { operation: 'BatchGetSecretValue', input: { SecretId: toAwsName(environment, name) }, ...namedCredential(call) }
      return { name, problem: problemFrom({ name: ErrorCode, message: Message }, failed) }
    }))
  ]
}
