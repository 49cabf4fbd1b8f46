/** Limits and quotas that are missing from AWS's model (`shapes.ts`). */
import type { Operation } from './shapes.ts'

/** Limits that AWS documents or enforces. */
export const limits = {
  /** The characters that AWS accepts in a secret's name, as a regular expression. */
  secretNamePattern: '^[A-Za-z0-9/_+=.@!-]+$',
  recoveryWindowInDays: { min: 7, max: 30, default: 30 },
  passwordLength: { default: 32 },
  tagsPerSecret: 50,
  /** The maximum number of values in all filters of a BatchGetSecretValue request together. ListSecrets has no such limit. */
  filterValuesPerBatch: 10,
  /** The maximum number of staging labels on all versions of a secret together. */
  labelsPerSecret: 20,
  /**
   * AWS deletes a version without a staging label only if the version is at least `keptForDays` days old and at least `kept`
   * newer versions without a label exist.
   */
  versionsWithoutLabel: { kept: 100, keptForDays: 1 }
} as const

/** The number of calls per second that AWS allows for all operations of a group together. */
export interface RequestQuota {
  readonly perSecond: number
  readonly operations: readonly Operation[]
}

/**
 * AWS's request quotas for each account and region. Customers can't have them raised. Source: "AWS Secrets Manager quotas" in the
 * user guide, as of March 2025. In that month, AWS itself raised the quotas for GetSecretValue and DescribeSecret.
 */
export const requestQuotas: readonly RequestQuota[] = [
  { perSecond: 50, operations: ['CreateSecret'] },
  { perSecond: 50, operations: ['DeleteSecret'] },
  { perSecond: 50, operations: ['RestoreSecret'] },
  {
    perSecond: 50,
    operations: [
      'PutSecretValue', 'RemoveRegionsFromReplication', 'ReplicateSecretToRegions', 'StopReplicationToReplica', 'UpdateSecret',
      'UpdateSecretVersionStage'
    ]
  },
  { perSecond: 50, operations: ['TagResource', 'UntagResource'] },
  { perSecond: 50, operations: ['CancelRotateSecret', 'RotateSecret'] },
  { perSecond: 50, operations: ['DeleteResourcePolicy', 'GetResourcePolicy', 'PutResourcePolicy', 'ValidateResourcePolicy'] },
  { perSecond: 50, operations: ['GetRandomPassword'] },
  { perSecond: 50, operations: ['ListSecretVersionIds'] },
  { perSecond: 100, operations: ['ListSecrets'] },
  { perSecond: 100, operations: ['BatchGetSecretValue'] },
  { perSecond: 10_000, operations: ['GetSecretValue'] },
  { perSecond: 40_000, operations: ['DescribeSecret'] }
]
