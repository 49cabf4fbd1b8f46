import { Type, type Static } from '@sinclair/typebox'
import { Enum } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'
import { defaultRules, ruleNames, rules, type RuleName } from './rules.ts'

const RuleEnum = Enum(ruleNames, {
  description: ruleNames.map((name) => `\`${name}\`: ${rules[name].describes.toLowerCase()}`).join('; ')
})

const name = `(?:${ruleNames.map((rule) => rule.replaceAll('.', '\\.')).join('|')})`

/** The query parameter that selects rules. */
export const RuleList = Type.String({
  pattern: `^${name}(?:,${name})*$`,
  maxLength: 200,
  description: `The rules, separated by commas; by default ${defaultRules.map((rule) => `\`${rule}\``).join(', ')}. The others, ` +
    `${ruleNames.filter((rule) => !defaultRules.includes(rule)).map((rule) => `\`${rule}\``).join(' and ')}, need a call to AWS for each secret`,
  examples: ['SecretsManager.1,kms-key']
})

/** Returns the rules that a query parameter names, in the order of the table. */
export const rulesIn = (list: string | undefined): readonly RuleName[] =>
  list === undefined ? defaultRules : ruleNames.filter((rule) => list.split(',').includes(rule))

export const statuses = ['passed', 'failed', 'unknown'] as const

/** A secret, judged by the rules. */
export const SecretPosture = Type.Object({
  name: Name,
  state: Enum(['active', 'placeholder', 'pending-deletion', 'missing'], {
    description: 'The secret\'s state. A required secret that is `missing` or `pending-deletion` has only the rule `required`'
  }),
  rules: Type.Array(Type.Object({
    rule: RuleEnum,
    status: Enum(statuses, { description: '`unknown`: what AWS says does not decide it' }),
    detail: Type.Optional(Type.String({ description: 'Why it failed or is unknown', examples: ['Last rotated on 2026-05-01'] }))
  }), { description: 'The rules that apply to the secret' })
}, { $id: 'SecretPosture', title: 'SecretPosture', description: 'A secret, judged by the rules. It never contains a value.' })

export type SecretPosture = Static<typeof SecretPosture>
