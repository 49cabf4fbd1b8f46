import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { environmentNamePattern, type VisibleEnvironment } from './environment.ts'

export const EnvironmentName = Type.String({
  pattern: environmentNamePattern,
  description: 'An environment that the configuration declares',
  examples: ['dev']
})

const { min, max } = limits.recoveryWindowInDays

/** An environment in the API's replies. */
export const EnvironmentDescription = Type.Object({
  name: EnvironmentName,
  region: Type.String({ description: 'The AWS region of its secrets', examples: ['eu-west-1'] }),
  account: Type.Optional(Type.String({
    description: 'The AWS account of its secrets. Credentials of other accounts are refused. Absent if the configuration does ' +
      'not name it, or if the caller may not `DescribeCredential` any of its credentials',
    examples: ['111122223333']
  })),
  credential: Type.Optional(Type.String({
    description: 'The ID of the default credential. Absent if the caller may not `DescribeCredential` it',
    examples: ['local-dev']
  })),
  allowedCredentials: Type.Array(Type.String(), {
    description: 'The IDs that `AWS-Credential-Id` may name, as far as the caller may `DescribeCredential` them',
    examples: [['local-dev']]
  }),
  namePrefix: Type.String({ description: 'The prefix of each name in AWS', examples: ['dev/'] }),
  kmsKeyId: Type.Optional(Type.String({ description: 'The KMS key of new secrets', examples: ['alias/dev-secrets'] })),
  tags: Type.Record(Type.String(), Type.String(), { description: 'The tags of every new secret', examples: [{ environment: 'dev' }] }),
  replicaRegions: Type.Array(Type.String(), {
    description: 'The regions to which every new secret is replicated',
    examples: [['eu-central-1']]
  }),
  recoveryWindowInDays: Type.Integer({ minimum: min, maximum: max, description: 'The number of days for which a deleted secret ' +
    'can be restored' }),
  deletionProtection: Type.Boolean({ description: 'True if deletion without a recovery window is refused' }),
  requiredSecrets: Type.Array(Type.String(), {
    description: 'The names of the required secrets, as far as the caller may `DescribeSecret` them',
    examples: [['payments/db']]
  })
}, { $id: 'Environment', title: 'Environment' })

type Shown = Static<typeof EnvironmentDescription>

/** Returns an environment in its JSON form. If `VisibleEnvironment` lacks a member of the schema, this does not compile. */
export const describeEnvironment = (environment: VisibleEnvironment): Shown => ({
  ...environment,
  tags: { ...environment.tags },
  allowedCredentials: [...environment.allowedCredentials],
  replicaRegions: [...environment.replicaRegions],
  requiredSecrets: [...environment.requiredSecrets]
})
