/**
 * AWS's model of Secrets Manager as of 2026-11-12. It consists of the installed AWS SDK's model (`shapes.ts`) and AWS's additions
 * since that SDK was released.
 *
 * Only the embedded backend uses this table. The gateway can't use the additions, because the SDK doesn't offer them yet.
 * `test/src/aws-model/newer.test.ts` fails as soon as the installed SDK offers the added operations. Then move the additions to
 * `shapes.ts`, and delete this file.
 */
import { operations, shapes, type Shape, type StructureShape } from './shapes.ts'

/** The shapes of the requests. */
export const newerShapes = {
  ...shapes,
  ReplicaRestrictionType: { type: 'string', enum: ['SameOrg', 'NoRestriction'] },
  ResourcePolicyNameType: { type: 'string', min: 1, max: 64, pattern: '[0-9A-Za-z\\-\\_]+' },
  SecretARNType: { type: 'string', min: 20, max: 2048 }
} as const satisfies Record<string, Shape>

const policyOfSecret = {
  type: 'structure', members: { SecretId: 'SecretIdType', PolicyName: 'ResourcePolicyNameType' }, required: ['SecretId']
} as const

/** The input of each of the 26 operations, under AWS's operation names. */
export const newerOperations = {
  ...operations,
  AssociateCrossAccountReplica: {
    type: 'structure',
    members: {
      SecretId: 'SecretIdType',
      CrossAccountReplicaARN: 'SecretARNType',
      ReplicaRestriction: 'ReplicaRestrictionType',
      ReplicationRoleARN: 'RoleARNType'
    },
    required: ['SecretId', 'CrossAccountReplicaARN']
  },
  CreateSecret: {
    ...operations.CreateSecret,
    members: { ...operations.CreateSecret.members, CrossAccountPrimaryARN: 'SecretARNType' }
  },
  DeleteResourcePolicy: policyOfSecret,
  DisassociateCrossAccountReplica: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', CrossAccountReplicaARN: 'SecretARNType' },
    required: ['SecretId', 'CrossAccountReplicaARN']
  },
  GetResourcePolicy: policyOfSecret,
  ListResourcePolicies: {
    type: 'structure',
    members: { SecretId: 'SecretIdType', MaxResults: 'MaxResultsType', NextToken: 'NextTokenType' },
    required: ['SecretId']
  },
  PutResourcePolicy: {
    ...operations.PutResourcePolicy,
    members: { ...operations.PutResourcePolicy.members, PolicyName: 'ResourcePolicyNameType' }
  }
} as const satisfies Record<string, StructureShape>

/** The name of one of AWS Secrets Manager's 26 operations. */
export type NewerOperation = keyof typeof newerOperations
