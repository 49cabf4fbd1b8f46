/** The SDK's types that the use cases work with, so that this folder alone imports the SDK. */
export type {
  BatchGetSecretValueCommandOutput as BatchGetSecretValueReply,
  DescribeSecretCommandOutput as DescribeSecretReply,
  Filter,
  ReplicationStatusType as ReplicationStatus,
  SecretListEntry,
  SecretsManager,
  SecretValueEntry,
  SecretVersionsListEntry as SecretVersionEntry,
  Tag
} from '@aws-sdk/client-secrets-manager'
