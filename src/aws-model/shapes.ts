/**
 * The constraints that AWS's own model of Secrets Manager sets for requests. They are lengths (in characters unless `bytes` is
 * set), ranges, patterns, enumerations and members, under AWS's shape names. The model is the installed AWS SDK's; `newer.ts` has
 * AWS's later additions.
 *
 * The gateway builds its request schemas from this table, and the embedded backend validates requests with it, so each limit is
 * written only once. `scripts/check-aws-model.ts` compares this table with the model that AWS publishes.
 */

export interface StringShape {
  type: 'string'
  min?: number
  max?: number
  /**
   * True if the length is counted in UTF-8 bytes. AWS counts a secret's text in bytes, although its model specifies characters.
   */
  bytes?: true
  pattern?: string
  enum?: readonly string[]
  /** True if the value must never be quoted in an error message. */
  sensitive?: true
}

export interface BlobShape {
  type: 'blob'
  /** The minimum length. Like `max`, it is in bytes after base64 decoding. */
  min: number
  max: number
  sensitive: true
}

export interface NumberShape {
  type: 'integer' | 'long'
  min?: number
  max?: number
}

export interface BooleanShape {
  type: 'boolean'
}

export interface ListShape {
  type: 'list'
  member: string
  min?: number
  max?: number
}

export interface StructureShape {
  type: 'structure'
  members: Readonly<Record<string, string>>
  required?: readonly string[]
}

export type Shape = StringShape | BlobShape | NumberShape | BooleanShape | ListShape | StructureShape

const boolean = { type: 'boolean' } as const

export const shapes = {
  AddReplicaRegionListType: { type: 'list', member: 'ReplicaRegionType', min: 1 },
  AutomaticallyRotateAfterDaysType: { type: 'long', min: 1, max: 1000 },
  BooleanType: boolean,
  ClientRequestTokenType: { type: 'string', min: 32, max: 64 },
  DescriptionType: { type: 'string', max: 2048 },
  DurationType: { type: 'string', min: 2, max: 3, pattern: '[0-9]+h' },
  ExcludeCharactersType: { type: 'string', min: 0, max: 4096 },
  ExcludeLowercaseType: boolean,
  ExcludeNumbersType: boolean,
  ExcludePunctuationType: boolean,
  ExcludeUppercaseType: boolean,
  ExternalSecretRotationMetadataItem: {
    type: 'structure',
    members: { Key: 'ExternalSecretRotationMetadataItemKeyType', Value: 'ExternalSecretRotationMetadataItemValueType' }
  },
  ExternalSecretRotationMetadataItemKeyType: { type: 'string', min: 1, max: 256 },
  ExternalSecretRotationMetadataItemValueType: { type: 'string', min: 1, max: 2048 },
  ExternalSecretRotationMetadataType: { type: 'list', member: 'ExternalSecretRotationMetadataItem' },
  Filter: { type: 'structure', members: { Key: 'FilterNameStringType', Values: 'FilterValuesStringList' } },
  FilterNameStringType: {
    type: 'string',
    enum: ['description', 'name', 'tag-key', 'tag-value', 'primary-region', 'owning-service', 'all']
  },
  FilterValueStringType: { type: 'string', max: 512, pattern: '^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$' },
  FilterValuesStringList: { type: 'list', member: 'FilterValueStringType', min: 1, max: 10 },
  FiltersListType: { type: 'list', member: 'Filter', max: 10 },
  IncludeSpaceType: boolean,
  KmsKeyIdType: { type: 'string', min: 0, max: 2048 },
  MaxResultsBatchType: { type: 'integer', min: 1, max: 20 },
  MaxResultsType: { type: 'integer', min: 1, max: 100 },
  MedeaTypeType: { type: 'string', min: 0, max: 256 },
  NameType: { type: 'string', min: 1, max: 512 },
  NextTokenType: { type: 'string', min: 1, max: 4096 },
  NonEmptyResourcePolicyType: { type: 'string', min: 1, max: 20480 },
  PasswordLengthType: { type: 'long', min: 1, max: 4096 },
  RecoveryWindowInDaysType: { type: 'long' },
  RegionType: { type: 'string', min: 1, max: 128, pattern: '^([a-z]+-)+\\d+$' },
  RemoveReplicaRegionListType: { type: 'list', member: 'RegionType', min: 1 },
  ReplicaRegionType: { type: 'structure', members: { Region: 'RegionType', KmsKeyId: 'KmsKeyIdType' } },
  RequireEachIncludedTypeType: boolean,
  RoleARNType: { type: 'string', min: 20, max: 2048 },
  RotationLambdaARNType: { type: 'string', min: 0, max: 2048 },
  RotationRulesType: {
    type: 'structure',
    members: {
      AutomaticallyAfterDays: 'AutomaticallyRotateAfterDaysType',
      Duration: 'DurationType',
      ScheduleExpression: 'ScheduleExpressionType'
    }
  },
  RotationTokenType: { type: 'string', min: 36, max: 256, pattern: '^[a-zA-Z0-9\\-]+$', sensitive: true },
  ScheduleExpressionType: { type: 'string', min: 1, max: 256, pattern: '[0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+' },
  SecretBinaryType: { type: 'blob', min: 1, max: 65_536, sensitive: true },
  SecretIdListType: { type: 'list', member: 'SecretIdType', min: 1, max: 20 },
  SecretIdType: { type: 'string', min: 1, max: 2048 },
  SecretStringType: { type: 'string', min: 1, max: 65_536, bytes: true, sensitive: true },
  SecretVersionIdType: { type: 'string', min: 32, max: 64 },
  SecretVersionStageType: { type: 'string', min: 1, max: 256 },
  SecretVersionStagesType: { type: 'list', member: 'SecretVersionStageType', min: 1, max: 20 },
  SortByType: { type: 'string', enum: ['created-date', 'last-accessed-date', 'last-changed-date', 'name'] },
  SortOrderType: { type: 'string', enum: ['asc', 'desc'] },
  Tag: { type: 'structure', members: { Key: 'TagKeyType', Value: 'TagValueType' } },
  TagKeyListType: { type: 'list', member: 'TagKeyType' },
  TagKeyType: { type: 'string', min: 1, max: 128 },
  TagListType: { type: 'list', member: 'Tag' },
  TagValueType: { type: 'string', min: 0, max: 256 }
} as const satisfies Record<string, Shape>

const secretId = { type: 'structure', members: { SecretId: 'SecretIdType' }, required: ['SecretId'] } as const

/** The input of each of the 23 operations, under AWS's operation names. */
export const operations = {
  BatchGetSecretValue: {
    type: 'structure',
    members: {
      SecretIdList: 'SecretIdListType',
      Filters: 'FiltersListType',
      MaxResults: 'MaxResultsBatchType',
      NextToken: 'NextTokenType'
    }
  },
  CancelRotateSecret: secretId,
  CreateSecret: {
    type: 'structure',
    members: {
      Name: 'NameType',
      ClientRequestToken: 'ClientRequestTokenType',
      Description: 'DescriptionType',
      KmsKeyId: 'KmsKeyIdType',
      SecretBinary: 'SecretBinaryType',
      SecretString: 'SecretStringType',
      Tags: 'TagListType',
      AddReplicaRegions: 'AddReplicaRegionListType',
      ForceOverwriteReplicaSecret: 'BooleanType',
      Type: 'MedeaTypeType'
    },
    required: ['Name']
  },
  DeleteResourcePolicy: secretId,
  DeleteSecret: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      RecoveryWindowInDays: 'RecoveryWindowInDaysType',
      ForceDeleteWithoutRecovery: 'BooleanType'
    },
    required: ['SecretId']
  },
  DescribeSecret: secretId,
  GetRandomPassword: {
    type: 'structure',
    members: {
      PasswordLength: 'PasswordLengthType',
      ExcludeCharacters: 'ExcludeCharactersType',
      ExcludeNumbers: 'ExcludeNumbersType',
      ExcludePunctuation: 'ExcludePunctuationType',
      ExcludeUppercase: 'ExcludeUppercaseType',
      ExcludeLowercase: 'ExcludeLowercaseType',
      IncludeSpace: 'IncludeSpaceType',
      RequireEachIncludedType: 'RequireEachIncludedTypeType'
    }
  },
  GetResourcePolicy: secretId,
  GetSecretValue: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', VersionId: 'SecretVersionIdType', VersionStage: 'SecretVersionStageType' },
    required: ['SecretId']
  },
  ListSecretVersionIds: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      MaxResults: 'MaxResultsType',
      NextToken: 'NextTokenType',
      IncludeDeprecated: 'BooleanType'
    },
    required: ['SecretId']
  },
  ListSecrets: {
    type: 'structure',
    members: {
      IncludePlannedDeletion: 'BooleanType',
      MaxResults: 'MaxResultsType',
      NextToken: 'NextTokenType',
      Filters: 'FiltersListType',
      SortOrder: 'SortOrderType',
      SortBy: 'SortByType'
    }
  },
  PutResourcePolicy: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      ResourcePolicy: 'NonEmptyResourcePolicyType',
      BlockPublicPolicy: 'BooleanType'
    },
    required: ['SecretId', 'ResourcePolicy']
  },
  PutSecretValue: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      ClientRequestToken: 'ClientRequestTokenType',
      SecretBinary: 'SecretBinaryType',
      SecretString: 'SecretStringType',
      VersionStages: 'SecretVersionStagesType',
      RotationToken: 'RotationTokenType'
    },
    required: ['SecretId']
  },
  RemoveRegionsFromReplication: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', RemoveReplicaRegions: 'RemoveReplicaRegionListType' },
    required: ['SecretId', 'RemoveReplicaRegions']
  },
  ReplicateSecretToRegions: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      AddReplicaRegions: 'AddReplicaRegionListType',
      ForceOverwriteReplicaSecret: 'BooleanType'
    },
    required: ['SecretId', 'AddReplicaRegions']
  },
  RestoreSecret: secretId,
  RotateSecret: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      ClientRequestToken: 'ClientRequestTokenType',
      RotationLambdaARN: 'RotationLambdaARNType',
      RotationRules: 'RotationRulesType',
      ExternalSecretRotationMetadata: 'ExternalSecretRotationMetadataType',
      ExternalSecretRotationRoleArn: 'RoleARNType',
      RotateImmediately: 'BooleanType'
    },
    required: ['SecretId']
  },
  StopReplicationToReplica: secretId,
  TagResource: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', Tags: 'TagListType' },
    required: ['SecretId', 'Tags']
  },
  UntagResource: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', TagKeys: 'TagKeyListType' },
    required: ['SecretId', 'TagKeys']
  },
  UpdateSecret: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      ClientRequestToken: 'ClientRequestTokenType',
      Description: 'DescriptionType',
      KmsKeyId: 'KmsKeyIdType',
      SecretBinary: 'SecretBinaryType',
      SecretString: 'SecretStringType',
      Type: 'MedeaTypeType'
    },
    required: ['SecretId']
  },
  UpdateSecretVersionStage: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      VersionStage: 'SecretVersionStageType',
      RemoveFromVersionId: 'SecretVersionIdType',
      MoveToVersionId: 'SecretVersionIdType'
    },
    required: ['SecretId', 'VersionStage']
  },
  ValidateResourcePolicy: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', ResourcePolicy: 'NonEmptyResourcePolicyType' },
    required: ['ResourcePolicy']
  }
} as const satisfies Record<string, StructureShape>

/** The name of one of the 23 operations that the installed SDK offers. */
export type Operation = keyof typeof operations
