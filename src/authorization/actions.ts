import { operations, type Operation } from '#src/aws-model/shapes'

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
  /**
   * The AWS operations that requests with this action call, besides the operation of the same name. They include the operations
   * of conditional writes, and of undoing an `atomic` bulk create, but not operations that the gateway can do without.
   */
  readonly calls?: readonly Operation[]
  /** The operations that are called only if the environment declares `replicaRegions`. */
  readonly replicates?: readonly Operation[]
}

type OwnAction =
  | 'DescribeEnvironment' | 'ConfigureRotation' | 'ForceDeleteSecret' | 'CompareValues' | 'PromoteSecret' | 'DescribeCredential' | 'VerifyCredential'
  | 'CheckAuthorization' | 'InvalidateCache' | 'AssessPosture'

const table = {
  // View the environment. The gateway replies to a caller without this permission as if the environment did not exist.
  DescribeEnvironment: { group: 'read', on: ['Environment'] },
  ListSecrets: { group: 'read', on: ['Environment'], calls: ['DescribeSecret'] },
  BatchGetSecretValue: { group: 'read', on: ['Environment'], calls: ['GetSecretValue', 'ListSecrets'] },
  GetRandomPassword: { group: 'read', on: ['Environment'] },
  DescribeSecret: { group: 'read', on: ['Secret'] },
  GetSecretValue: { group: 'read', on: ['Secret'] },
  ListSecretVersionIds: { group: 'read', on: ['Secret'], calls: ['DescribeSecret'] },
  GetResourcePolicy: { group: 'read', on: ['Secret'] },

  CreateSecret: {
    group: 'write', on: ['Environment', 'Secret'], calls: ['TagResource', 'DescribeSecret', 'GetRandomPassword', 'DeleteSecret'],
    replicates: ['ReplicateSecretToRegions', 'RemoveRegionsFromReplication']
  },
  PutSecretValue: { group: 'write', on: ['Secret'], calls: ['DescribeSecret', 'UpdateSecretVersionStage'] },
  UpdateSecret: { group: 'write', on: ['Secret'], calls: ['DescribeSecret'] },
  UpdateSecretVersionStage: { group: 'write', on: ['Secret'], calls: ['DescribeSecret'] },
  DeleteSecret: { group: 'write', on: ['Secret'], calls: ['DescribeSecret'] },
  RestoreSecret: {
    group: 'write', on: ['Secret'], calls: ['DescribeSecret', 'TagResource', 'UntagResource', 'DeleteSecret'],
    replicates: ['ReplicateSecretToRegions', 'RemoveRegionsFromReplication']
  },
  TagResource: { group: 'write', on: ['Secret'], calls: ['UntagResource'] },
  UntagResource: { group: 'write', on: ['Secret'] },

  RotateSecret: { group: 'rotate', on: ['Secret'] },
  CancelRotateSecret: { group: 'rotate', on: ['Secret'] },

  PutResourcePolicy: { group: 'administer', on: ['Secret'] },
  DeleteResourcePolicy: { group: 'administer', on: ['Secret'] },
  ValidateResourcePolicy: { group: 'administer', on: ['Secret'], calls: ['PutResourcePolicy'] },
  ReplicateSecretToRegions: { group: 'administer', on: ['Secret'] },
  RemoveRegionsFromReplication: { group: 'administer', on: ['Secret'] },
  StopReplicationToReplica: { group: 'administer', on: ['Secret'], calls: ['DescribeSecret'] },
  // Choose the function and the schedule of a rotation. AWS has only one action for this and for starting a rotation. Here, the
  // two are separate, because a caller who chooses the function chooses who gets the secret's values.
  ConfigureRotation: { group: 'administer', on: ['Secret'], calls: ['RotateSecret'] },
  // Delete without a recovery window.
  ForceDeleteSecret: { group: 'administer', on: ['Secret'], calls: ['DeleteSecret', 'DescribeSecret'] },
  // Compare secrets' values across environments. A caller with write access to one environment can use this to guess a value in
  // another environment.
  CompareValues: { group: 'administer', on: ['Environment', 'Secret'], calls: ['ListSecrets', 'DescribeSecret', 'GetSecretValue', 'BatchGetSecretValue'] },
  // Judge secrets by security rules. Besides metadata, the result reveals whether a resource policy grants public access.
  AssessPosture: {
    group: 'administer', on: ['Environment', 'Secret'], calls: ['ListSecrets', 'DescribeSecret', 'GetResourcePolicy']
  },
  // Copy a secret's value to another environment. The action must be allowed in both environments.
  PromoteSecret: {
    group: 'administer', on: ['Environment', 'Secret'],
    calls: [
      'ListSecrets', 'DescribeSecret', 'GetSecretValue', 'CreateSecret', 'PutSecretValue', 'UpdateSecret',
      'UpdateSecretVersionStage', 'TagResource'
    ],
    replicates: ['ReplicateSecretToRegions']
  },
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

/**
 * Returns the AWS operations that requests with an action call: the operation of the same name, if there is one, and the
 * operations in the action's row.
 *
 * @param replicates true if the environment declares `replicaRegions`
 */
export function awsOperationsOf (action: Action, replicates: boolean): readonly Operation[] {
  const { calls = [], replicates: whereReplicated = [] } = actionTable[action]
  return [...isOperation(action) ? [action] : [], ...calls, ...replicates ? whereReplicated : []]
}

const isOperation = (name: string): name is Operation => Object.hasOwn(operations, name)

export const isAction = (name: string | undefined): name is Action => name !== undefined && Object.hasOwn(table, name)
