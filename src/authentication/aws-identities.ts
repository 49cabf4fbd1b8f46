import { Type, type Static } from '@sinclair/typebox'
import { closed, Id } from '#src/schema/types'
import { maximumLifetime } from './gateway-token.ts'
import { unauthenticated } from './refusal.ts'

const identity = Type.Object({
  account: Type.String({ pattern: '^\\d{12}$', description: 'the ID of an AWS account: 12 digits' }),
  uniqueId: Type.Optional(Type.String({
    pattern: '^(AIDA|AROA)[A-Z0-9]{12,124}$',
    description: 'the unique ID of a user (AIDA...) or a role (AROA...), as `aws iam get-role` shows it: names can be reused'
  })),
  groups: Type.Optional(Type.Array(Id(), { uniqueItems: true }))
}, closed)

/** The `authentication.aws` section of the configuration file: the AWS identities that may log in, and the rules for logins. */
export const AwsLoginSchema = Type.Object({
  serverId: Type.String({
    pattern: '^[!-~]{1,255}$',
    description: 'a name unique to this gateway, the value of `X-Secrets-Gateway-Server-Id`: 1 to 255 ASCII characters without spaces'
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

/** The identity that signed a request, as STS reports it. */
export interface AwsIdentity {
  account: string
  /** The unique ID of the user, or of the role if the request was signed in a role session. */
  uniqueId: string
}

/** Returns the caller ID of an AWS identity: `aws:ACCOUNT:UNIQUEID`. */
export const awsCallerId = ({ account, uniqueId }: AwsIdentity): string => `aws:${account}:${uniqueId}`

/**
 * Returns the groups of an AWS identity.
 *
 * @param callerId the caller ID, as returned by `awsCallerId`
 * @throws Problem `unauthenticated` if the configuration does not allow the identity to log in
 */
export function awsGroups (identities: AwsLoginSettings['identities'], callerId: string): readonly string[] {
  const [, account, uniqueId] = callerId.split(':')
  const matching = identities.filter((allowed) =>
    allowed.account === account && (allowed.uniqueId === undefined || allowed.uniqueId === uniqueId))
  if (matching.length === 0) throw unauthenticated('aws-identity-not-allowed')
  return [...new Set(matching.flatMap(({ groups = [] }) => groups))]
}
