import type { NumberShape, StringShape } from '#src/aws-model/shapes'

/** Constraints on parameters, from AWS's model of STS. Lengths are in characters, and the duration is in seconds. */
const sessionName = { type: 'string', min: 2, max: 64, pattern: '[\\w+=,.@-]*' } as const
const duration = { type: 'integer', min: 900, max: 43_200 } as const
const arn = { type: 'string', min: 20, max: 2048 } as const
const policy = { type: 'string', min: 1, max: 2048 } as const

export interface OperationShape {
  members: Readonly<Record<string, StringShape | NumberShape>>
  required: readonly string[]
  /**
   * Parameters that AWS supports but this STS rejects. If this STS ignored them, a session could have more permissions than
   * requested.
   */
  refused: readonly string[]
}

export const operations = {
  AssumeRole: {
    members: {
      RoleArn: arn,
      RoleSessionName: sessionName,
      DurationSeconds: duration,
      ExternalId: { type: 'string', min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*', sensitive: true },
      Policy: policy,
      SourceIdentity: sessionName
    },
    required: ['RoleArn', 'RoleSessionName'],
    refused: ['MinimumSessionTokenSize', 'PolicyArns', 'ProvidedContexts', 'SerialNumber', 'Tags', 'TokenCode', 'TransitiveTagKeys']
  },
  AssumeRoleWithWebIdentity: {
    members: {
      RoleArn: arn,
      RoleSessionName: sessionName,
      DurationSeconds: duration,
      Policy: policy,
      WebIdentityToken: { type: 'string', min: 4, max: 20_000, sensitive: true }
    },
    required: ['RoleArn', 'RoleSessionName', 'WebIdentityToken'],
    refused: ['MinimumSessionTokenSize', 'PolicyArns', 'ProviderId']
  },
  GetCallerIdentity: { members: {}, required: [], refused: [] }
} as const satisfies Record<string, OperationShape>

export type StsOperation = keyof typeof operations

/** The default duration of a session, in seconds. With role chaining, it is also the maximum duration. */
export const defaultDuration = 3600

type Members<Name extends StsOperation> = (typeof operations)[Name]['members']
type Required<Name extends StsOperation> = (typeof operations)[Name]['required'][number]
type Value<Shape> = Shape extends { type: 'integer' } ? number : string

/** The parameters of an operation after validation. The type is derived from `operations`. */
export type StsInput<Name extends StsOperation> =
  & { [Key in keyof Members<Name> as Key extends Required<Name> ? Key : never]: Value<Members<Name>[Key]> } &
  { [Key in keyof Members<Name> as Key extends Required<Name> ? never : Key]?: Value<Members<Name>[Key]> }
