import type { $Command, SecretsManagerClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-secrets-manager'

/** Types of the SDK, some of them under shorter names. */
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

/** An SDK command for one operation. */
export type Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> =
  $Command<Input, Output, SecretsManagerClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>
