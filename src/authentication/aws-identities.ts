import { Type, type Static } from '@sinclair/typebox'
import { closed, Id } from '#src/schema/types'
import { maximumLifetime } from './gateway-token.ts'
import { unauthenticated } from './refusal.ts'

const identity = Type.Object({
  account: Type.String({ pattern: '^\\d{12}$', description: 'the ID of an AWS account: 12 digits' }),
  uniqueId: Type.Optional(Type.String({
    pattern: '^(AIDA|AROA)[A-Z0-9]{12,124}$',
    description: 'the unique ID of a user (AIDA...) or a role (AROA...), as `aws iam get-role` shows it: a name could be given to another one day'
  })),
  groups: Type.Optional(Type.Array(Id(), { uniqueItems: true }))
}, closed)

/** Which AWS identities may log in, and how. */
export const AwsLoginSchema = Type.Object({
  serverId: Type.String({
    pattern: '^[!-~]{1,255}$',
    description: 'a name of this gateway alone, which `X-Secrets-Gateway-Server-Id` has to be: 1 to 255 characters of ASCII, no space'
  }),
  regions: Type.Array(
    Type.String({ pattern: '^[a-z]{2,8}(-[a-z]+)+-\\d{1,2}$', description: 'the code of an AWS region, such as eu-west-1' }),
    { minItems: 1, uniqueItems: true }
  ),
  identities: Type.Array(identity, { minItems: 1 }),
  tokenKeyFiles: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true })),
  tokenLifetimeSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: maximumLifetime })),
  maximumAgeSeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 900 }))
}, closed)

export type AwsLoginSettings = Static<typeof AwsLoginSchema>

/** Who signed, as STS says. */
export interface AwsIdentity {
  account: string
  /** Of a role's session, the role's. */
  uniqueId: string
}

/** The caller's ID of an identity. */
export const awsCallerId = ({ account, uniqueId }: AwsIdentity): string => `aws:${account}:${uniqueId}`

/**
 * The groups of a caller's ID that has the form `awsCallerId` gives it.
 *
 * @throws Problem `unauthenticated` where the configuration does not let it in
 */
export function awsGroups (identities: AwsLoginSettings['identities'], callerId: string): readonly string[] {
  const [, account, uniqueId] = callerId.split(':')
  const matching = identities.filter((allowed) =>
    allowed.account === account && (allowed.uniqueId === undefined || allowed.uniqueId === uniqueId))
  if (matching.length === 0) throw unauthenticated('aws-identity-not-allowed')
  return [...new Set(matching.flatMap(({ groups = [] }) => groups))]
}
