import type { Operation } from '#src/aws-model/shapes'

/** What an action can be done to; Cedar's entity types of resources. */
export type ResourceType = 'Environment' | 'Secret' | 'Credential'

/** What policies can name instead of single actions. */
export const actionGroups = ['read', 'write', 'rotate', 'administer'] as const

interface ActionDefinition {
  readonly group: (typeof actionGroups)[number]
  /** An environment stands for a request on no single secret; each secret that such a request reaches is decided on by itself. */
  readonly on: readonly ResourceType[]
}

type OwnAction =
  | 'DescribeEnvironment' | 'ForceDeleteSecret' | 'CompareValues' | 'PromoteSecret' | 'DescribeCredential' | 'VerifyCredential'
  | 'CheckAuthorization'

const table = {
  // To whom this is denied, the environment does not exist.
  DescribeEnvironment: { group: 'read', on: ['Environment'] },
  ListSecrets: { group: 'read', on: ['Environment'] },
  BatchGetSecretValue: { group: 'read', on: ['Environment'] },
  GetRandomPassword: { group: 'read', on: ['Environment'] },
  DescribeSecret: { group: 'read', on: ['Secret'] },
  GetSecretValue: { group: 'read', on: ['Secret'] },
  ListSecretVersionIds: { group: 'read', on: ['Secret'] },
  GetResourcePolicy: { group: 'read', on: ['Secret'] },

  CreateSecret: { group: 'write', on: ['Environment', 'Secret'] },
  PutSecretValue: { group: 'write', on: ['Secret'] },
  UpdateSecret: { group: 'write', on: ['Secret'] },
  UpdateSecretVersionStage: { group: 'write', on: ['Secret'] },
  DeleteSecret: { group: 'write', on: ['Secret'] },
  RestoreSecret: { group: 'write', on: ['Secret'] },
  TagResource: { group: 'write', on: ['Secret'] },
  UntagResource: { group: 'write', on: ['Secret'] },

  RotateSecret: { group: 'rotate', on: ['Secret'] },
  CancelRotateSecret: { group: 'rotate', on: ['Secret'] },

  PutResourcePolicy: { group: 'administer', on: ['Secret'] },
  DeleteResourcePolicy: { group: 'administer', on: ['Secret'] },
  ValidateResourcePolicy: { group: 'administer', on: ['Secret'] },
  ReplicateSecretToRegions: { group: 'administer', on: ['Secret'] },
  RemoveRegionsFromReplication: { group: 'administer', on: ['Secret'] },
  StopReplicationToReplica: { group: 'administer', on: ['Secret'] },
  // Delete without a recovery window.
  ForceDeleteSecret: { group: 'administer', on: ['Secret'] },
  // Learn where environments hold the same value. Whoever can write in one of them can guess at a value with it.
  CompareValues: { group: 'administer', on: ['Environment', 'Secret'] },
  // Copy a value to another environment; asked in both of them.
  PromoteSecret: { group: 'administer', on: ['Environment', 'Secret'] },
  // See an AWS credential: its ID, account, region and kind.
  DescribeCredential: { group: 'administer', on: ['Credential'] },
  // Have AWS say whose an AWS credential is.
  VerifyCredential: { group: 'administer', on: ['Credential'] },
  // Ask what another caller may do.
  CheckAuthorization: { group: 'administer', on: ['Environment', 'Credential'] }
} as const satisfies Record<Operation | OwnAction, ActionDefinition>

/** What a caller may be allowed to do: AWS's operations by their names, and the gateway's own. */
export type Action = keyof typeof table

/** The definition of each action. */
export const actionTable: Readonly<Record<Action, ActionDefinition>> = table

export const actionNames = Object.keys(table) as Action[]

/** Whether policies are asked about it. */
export const isAction = (name: string | undefined): name is Action => name !== undefined && Object.hasOwn(table, name)
