import type { $Command, SecretsManagerClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-secrets-manager'

/** The SDK's types under shorter names, or without the suffixes of generated code. */
export type {
  BatchGetSecretValueCommandOutput as BatchGetSecretValueReply,
  DescribeSecretCommandOutput as DescribeSecretReply,
  Filter,
  ReplicationStatusType as ReplicationStatus,
  SecretListEntry,
  SecretsManager,
  SecretValueEntry,
  SecretVersionsListEntry as SecretVersionEntry,
  ServiceInputTypes as ServiceInput,
  ServiceOutputTypes as ServiceOutput,
  Tag
} from '@aws-sdk/client-secrets-manager'

/** A command of one operation. */
export type Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> =
  $Command<Input, Output, SecretsManagerClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>
