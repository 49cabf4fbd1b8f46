import { Type, type Static } from '@sinclair/typebox'
import { EnvironmentName } from '#src/environments/schemas'
import { closed, Enum, ProblemRef } from '#src/schema/types'
import type { Counts } from '#src/secrets/counts'
import { FailOnError, maximumItems, Name, VersionId } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

/**
 * The body of a promotion. It must have either `names` or `missing`. `promotedNames` checks this, because a `oneOf` in the schema
 * would report a separate error for each of the two alternatives.
 */
export const PromotionBody = Type.Object({
  from: { ...EnvironmentName, description: 'The environment to copy from. Its default credential is used', examples: ['staging'] },
  dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Return the plan and write nothing' })),
  failOnError: Type.Optional(FailOnError),
  names: Type.Optional(Type.Array(Name, {
    minItems: 1,
    maxItems: maximumItems,
    uniqueItems: true,
    examples: [['payments/db', 'session-key']]
  })),
  missing: Type.Optional(Type.Literal(true, {
    description: 'Instead of `names`: all secrets that exist in the other environment, are missing in this one, and may be ' +
      'promoted by the caller in both. AWS\'s lists may lack the changes of the last five minutes; a secret that exists in this ' +
      'environment nevertheless is `skipped`'
  })),
  onConflict: Type.Optional(Enum(['fail', 'skip', 'update'], {
    default: 'fail',
    description: 'With `names`: what happens to a secret that exists in this environment. It fails, is left unchanged, or gets ' +
      'the value, the description and the tags of the other. The value is replaced only if the version that the gateway looked ' +
      'up is still current'
  })),
  expectedVersionIds: Type.Optional(Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: VersionId,
    description: 'With `onConflict: update`: by name, the version that must be current in this environment, as a plan or a ' +
      'read returned it. If another version is current, the secret fails with `precondition-failed`',
    examples: [{ 'payments/db': 'a1b2c3d4-5678-90ab-cdef-1234567890ab' }]
  }))
}, closed)

export type PromotionBody = Static<typeof PromotionBody>

export const promotionResults = ['created', 'updated', 'unchanged', 'skipped', 'failed', 'not-started'] as const

export type PromotionResult = (typeof promotionResults)[number]

export const PromotionReply = Type.Object({
  dryRun: Type.Boolean({ description: 'True for a dry run, which returns the plan' }),
  from: EnvironmentName,
  counts: Type.Object({
    created: Type.Integer({ description: 'New secrets' }),
    updated: Type.Integer({ description: 'Existing secrets that were changed to match the other environment' }),
    unchanged: Type.Integer({ description: 'Existing secrets that were the same already; shown only to callers who may `DescribeSecret` both and, unless they are placeholders, `CompareValues`' }),
    skipped: Type.Integer({ description: 'Existing secrets that were left unchanged' }),
    failed: Type.Integer({ description: 'Items with a problem' }),
    notStarted: Type.Integer({ description: 'Items that were not started, because the gateway is shutting down' })
  } satisfies Record<keyof Counts<PromotionResult>, unknown>, { description: 'The number of items with each result' }),
  items: Type.Array(Type.Object({
    name: Name,
    result: Enum(promotionResults, { description: 'The result' }),
    arn: Type.Optional(Type.String({ description: 'The ARN of the secret in this environment, if the request created it or gave it a new version, or if the caller may `DescribeSecret` or `GetSecretValue`' })),
    versionId: Type.Optional({ ...VersionId, description: 'The current version in this environment; in a plan, the version to ' +
      'be replaced. Present under the same condition' }),
    fromVersionId: Type.Optional({ ...VersionId, description: 'The version in the other environment, if the caller may `DescribeSecret` or `GetSecretValue` there' }),
    problem: Type.Optional(ProblemRef)
  }), { description: 'The result for each secret, in the order of the request; with `missing`, in the order of the names' }),
  unaddressable: Type.Optional(Unaddressable)
}, { $id: 'PromotionReply', title: 'PromotionReply', description: 'The result of a promotion. It never contains a value.' })
