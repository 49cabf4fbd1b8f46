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
    description: 'The AWS account of its secrets: no other is asked. Absent where the caller may not `DescribeCredential` of any of its credentials',
    examples: ['111122223333']
  })),
  credential: Type.Optional(Type.String({
    description: 'The ID of the credential that is used by default. Absent where the caller may not `DescribeCredential` of it',
    examples: ['local-dev']
  })),
  allowedCredentials: Type.Array(Type.String(), {
    description: 'The IDs that `AWS-Credential-Id` may name, of the credentials that the caller may `DescribeCredential`',
    examples: [['local-dev']]
  }),
  namePrefix: Type.String({ description: 'What AWS sees in front of each name', examples: ['dev/'] }),
  kmsKeyId: Type.Optional(Type.String({ description: 'The KMS key of secrets made here', examples: ['alias/dev-secrets'] })),
  tags: Type.Record(Type.String(), Type.String(), { description: 'The tags on every secret made here', examples: [{ environment: 'dev' }] }),
  replicaRegions: Type.Array(Type.String(), {
    description: 'The regions that every secret made here is replicated to',
    examples: [['eu-central-1']]
  }),
  recoveryWindowInDays: Type.Integer({ minimum: min, maximum: max, description: 'How long a deleted secret can be restored' }),
  deletionProtection: Type.Boolean({ description: 'Whether deletion without a recovery window is refused' }),
  requiredSecrets: Type.Array(Type.String(), {
    description: 'Names that the environment must have, of the secrets that the caller may `DescribeSecret`',
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
