import { Type, type Static } from '@sinclair/typebox'
import { EnvironmentName } from '#src/environments/schemas'
import { closed, Enum, ProblemRef } from '#src/schema/types'
import type { Counts } from '#src/secrets/counts'
import { maximumItems, Name, VersionId } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

/**
 * The body of a promotion. It must have either `names` or `missing`. `promotedNames` checks this, because a `oneOf` in the schema
 * would report a separate error for each of the two alternatives.
 */
export const PromotionBody = Type.Object({
  from: { ...EnvironmentName, description: 'The environment to copy from, through its own credential', examples: ['staging'] },
  dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Answer with the plan and write nothing' })),
  names: Type.Optional(Type.Array(Name, {
    minItems: 1,
    maxItems: maximumItems,
    uniqueItems: true,
    examples: [['payments/db', 'session-key']]
  })),
  missing: Type.Optional(Type.Literal(true, {
    description: 'In the place of `names`: all that the other environment has, this one lacks, and the caller may promote in both. ' +
      'AWS\'s lists may lack the changes of the last five minutes; a secret that this environment has nevertheless is `skipped`'
  })),
  onConflict: Type.Optional(Enum(['fail', 'skip', 'update'], {
    default: 'fail',
    description: 'With `names`: what becomes of a secret that exists in this environment. It fails, is left as it is, or gets the value, ' +
      'and the description and tags, of the other. The value is replaced only if the version that was looked at is still current'
  })),
  expectedVersionIds: Type.Optional(Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: VersionId,
    description: 'With `onConflict: update`: the version that has to be current in this environment, by name, as a plan or a read has ' +
      'shown it; another one fails as `precondition-failed`',
    examples: [{ 'payments/db': 'a1b2c3d4-5678-90ab-cdef-1234567890ab' }]
  }))
}, closed)

export type PromotionBody = Static<typeof PromotionBody>

export const promotionResults = ['created', 'updated', 'unchanged', 'skipped', 'failed', 'not-started'] as const

export type PromotionResult = (typeof promotionResults)[number]

export const PromotionReply = Type.Object({
  dryRun: Type.Boolean({ description: 'Whether this is only the plan' }),
  from: EnvironmentName,
  counts: Type.Object({
    created: Type.Integer({ description: 'New secrets' }),
    updated: Type.Integer({ description: 'Secrets that existed and were given what the other environment has' }),
    unchanged: Type.Integer({ description: 'Secrets that existed and were the same; told only to who may `DescribeSecret` of both, and `CompareValues` unless they are placeholders' }),
    skipped: Type.Integer({ description: 'Secrets that existed and were left as they were' }),
    failed: Type.Integer({ description: 'Items with a problem' }),
    notStarted: Type.Integer({ description: 'Items that it did not come to, since the gateway was told to end' })
  } satisfies Record<keyof Counts<PromotionResult>, unknown>, { description: 'How many items had each result' }),
  items: Type.Array(Type.Object({
    name: Name,
    result: Enum(promotionResults, { description: 'What became of it' }),
    arn: Type.Optional(Type.String({ description: 'The ARN of the secret in this environment, if the request wrote a value to it, or the caller may `DescribeSecret` or `GetSecretValue`' })),
    versionId: Type.Optional({ ...VersionId, description: 'The version that is current in this environment; in a plan, the one to be replaced. It is there under the same condition' }),
    fromVersionId: Type.Optional({ ...VersionId, description: 'The version in the other environment, if the caller may `DescribeSecret` or `GetSecretValue` there' }),
    problem: Type.Optional(ProblemRef)
  }), { description: 'One for each secret, in the order of the request; where `missing` chose them, in that of the names' }),
  unaddressable: Type.Optional(Unaddressable)
}, { $id: 'PromotionReply', title: 'PromotionReply', description: 'What was copied. Never holds a value.' })
