import { compact } from '#src/json/compact'
import { flightOf, operationOf, type AwsCall } from './call.ts'
import { toAwsName } from './names.ts'
import type { DeletedSecret, ReplicatedSecret, WriteResult } from './port.ts'
import type { ReadSecret } from './secret.ts'
import type { SecretsManager } from './types.ts'

/**
 * Returns the input to send to AWS. Only the operation of `verbatim` is sent with the request's own input. If a use case makes
 * further calls, they are sent with the port's input.
 */
export const inputFor = ({ verbatim }: AwsCall, operation: string, input: object): object =>
  verbatim?.operation === operation ? { ...verbatim.inputFor(input) } : input

/** Passes the body of AWS's reply to the call's `verbatim.onReply`, if it has one. */
export function captureReplies ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  middlewareStack.add((next, { commandName = '' }) => async (args) => {
    const result = await next(args)
    const { verbatim } = flightOf(args).call
    if (verbatim?.operation === operationOf(commandName)) {
      const { body } = result.response as { body: Uint8Array }
      verbatim.onReply(Buffer.from(body).toString())
    }
    return result
  }, { step: 'deserialize', priority: 'high', name: 'replies' })
}

/** Returns the body of AWS's reply to GetSecretValue. */
export const valueInAwsForm = (
  { environment }: AwsCall, { name, arn, versionId, versionStages, createdDate, content }: ReadSecret
): object => ({
  ARN: arn,
  CreatedDate: seconds(createdDate),
  Name: toAwsName(environment, name),
  ...typeof content === 'string' ? { SecretString: content } : { SecretBinary: Buffer.from(content).toString('base64') },
  VersionId: versionId,
  VersionStages: versionStages
})

/** A result of the port, with all details of AWS's reply. */
export type WrittenResult = Pick<WriteResult, 'name' | 'arn'> & Partial<WriteResult & DeletedSecret & ReplicatedSecret>

/** Returns the body of AWS's reply to a write. */
export const writtenInAwsForm = (
  { environment }: AwsCall, { name, arn, versionId, deletionDate, replicas }: WrittenResult
): object => compact({
  ARN: arn,
  Name: toAwsName(environment, name),
  VersionId: versionId,
  DeletionDate: deletionDate && seconds(deletionDate),
  ReplicationStatus: replicas?.map((replica) => compact({
    Region: replica.region, KmsKeyId: replica.kmsKeyId, Status: replica.status, StatusMessage: replica.statusMessage
  }))
})

/** Returns a date in AWS's JSON format: seconds since the epoch. */
const seconds = (date: Date): number => date.getTime() / 1_000
