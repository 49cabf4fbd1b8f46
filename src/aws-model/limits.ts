/** What AWS documents and its model (`shapes.ts`) does not say. */
import type { Operation } from './shapes.ts'

/** Limits that AWS documents or enforces and that its model leaves out. */
export const limits = {
  /** The characters that AWS accepts in a secret's name. */
  secretNamePattern: '^[A-Za-z0-9/_+=.@!-]+$',
  recoveryWindowInDays: { min: 7, max: 30, default: 30 },
  passwordLength: { default: 32 },
  tagsPerSecret: 50,
  /** Over all versions of a secret. */
  labelsPerSecret: 20,
  /** AWS keeps so many of the newest, and all that are younger. */
  versionsWithoutLabel: { kept: 100, keptForDays: 1 }
} as const

/** How many calls of a family of operations, together, AWS answers in a second. */
export interface RequestQuota {
  readonly perSecond: number
  readonly operations: readonly Operation[]
}

/**
 * The rates that AWS grants an account in a region; none of them is adjustable. From the user guide, "AWS Secrets Manager
 * quotas"; those of GetSecretValue and DescribeSecret as AWS raised them in March 2025.
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
