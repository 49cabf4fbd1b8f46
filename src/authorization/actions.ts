import type { Operation } from '#src/aws-model/shapes'

/** The Cedar entity types of resources. */
export type ResourceType = 'Environment' | 'Secret' | 'Credential'

/** The action groups, which policies can name instead of single actions. */
export const actionGroups = ['read', 'write', 'rotate', 'administer'] as const

interface ActionDefinition {
  readonly group: (typeof actionGroups)[number]
  /**
   * The types of the resources that the action applies to. If it applies to environments and to secrets, a request for several
   * secrets is authorized for the environment first, then for each secret.
   */
  readonly on: readonly ResourceType[]
}

type OwnAction =
  | 'DescribeEnvironment' | 'ConfigureRotation' | 'ForceDeleteSecret' | 'CompareValues' | 'PromoteSecret' | 'DescribeCredential' | 'VerifyCredential'
  | 'CheckAuthorization' | 'InvalidateCache'

const table = {
  // View the environment. The gateway replies to a caller without this permission as if the environment did not exist.
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
  // Choose the function and the schedule of a rotation. AWS has only one action for this and for starting a rotation. Here, the
  // two are separate, because a caller who chooses the function chooses who gets the secret's values.
  ConfigureRotation: { group: 'administer', on: ['Secret'] },
  // Delete without a recovery window.
  ForceDeleteSecret: { group: 'administer', on: ['Secret'] },
  // Compare secrets' values across environments. A caller with write access to one environment can use this to guess a value in
  // another environment.
  CompareValues: { group: 'administer', on: ['Environment', 'Secret'] },
  // Copy a secret's value to another environment. The action must be allowed in both environments.
  PromoteSecret: { group: 'administer', on: ['Environment', 'Secret'] },
  // View an AWS credential: its ID, account, region and kind.
  DescribeCredential: { group: 'administer', on: ['Credential'] },
  // Ask AWS which account and identity an AWS credential belongs to.
  VerifyCredential: { group: 'administer', on: ['Credential'] },
  // Query the permissions of another caller.
  CheckAuthorization: { group: 'administer', on: ['Environment', 'Credential'] },
  // Drop values from the gateway's cache.
  InvalidateCache: { group: 'administer', on: ['Environment', 'Secret'] }
} as const satisfies Record<Operation | OwnAction, ActionDefinition>

/** The name of an action to authorize: an AWS operation, or one of the gateway's own actions. */
export type Action = keyof typeof table

/** The action group and the resource types of each action. */
export const actionTable: Readonly<Record<Action, ActionDefinition>> = table

export const actionNames = Object.keys(table) as Action[]

/** Returns true if an action has this name. */
export const isAction = (name: string | undefined): name is Action => name !== undefined && Object.hasOwn(table, name)
