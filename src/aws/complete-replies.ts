import { operationOf } from './call.ts'
import type { SecretsManager } from './types.ts'

/** The string members that AWS's reply to each operation always has. */
const required: Readonly<Record<string, readonly string[]>> = {
  CancelRotateSecret: ['ARN'],
  CreateSecret: ['ARN'],
  DeleteResourcePolicy: ['ARN'],
  DeleteSecret: ['ARN'],
  DescribeSecret: ['ARN'],
  GetRandomPassword: ['RandomPassword'],
  GetResourcePolicy: ['ARN'],
  GetSecretValue: ['ARN', 'VersionId'],
  PutResourcePolicy: ['ARN'],
  PutSecretValue: ['ARN', 'VersionId'],
  RemoveRegionsFromReplication: ['ARN'],
  ReplicateSecretToRegions: ['ARN'],
  RestoreSecret: ['ARN'],
  RotateSecret: ['ARN'],
  StopReplicationToReplica: ['ARN'],
  UpdateSecret: ['ARN'],
  UpdateSecretVersionStage: ['ARN']
}

/** The string members that AWS's replies may lack. */
const optional = ['SecretString', 'VersionId'] as const

class IncompleteReply extends Error {
  override readonly name = 'IncompleteReply'
}

/**
 * Makes an attempt fail if its reply lacks a required string, or has a value of another type where a string is expected. The SDK
 * checks neither. Such a reply does not come from AWS, so it says nothing about what AWS has done.
 */
export function refuseIncompleteReplies ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  middlewareStack.add((next, { commandName = '' }) => async (args) => {
    const result = await next(args)
    const texts = required[operationOf(commandName)] ?? []
    const reply = new Map<string, unknown>(Object.entries(Object(result.output) as object))
    const isComplete = texts.every((name) => typeof reply.get(name) === 'string') &&
      optional.every((name) => ['string', 'undefined'].includes(typeof reply.get(name)))
    if (isComplete) return result
    throw Object.assign(new IncompleteReply(), { $metadata: reply.get('$metadata') })
  }, { step: 'deserialize', priority: 'high', name: 'completeReplies' })
}
