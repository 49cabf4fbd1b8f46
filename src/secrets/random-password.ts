import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import { AwsString, closed } from '#src/schema/types'
import type { Scope } from './scope.ts'

const { min, max } = shapes.PasswordLengthType

/** AWS's options for the characters of a password. */
const exclusions = {
  excludeCharacters: Type.Optional(AwsString('ExcludeCharactersType', { description: 'Characters that the password must not contain', examples: ['"@/\\'] })),
  excludeNumbers: Type.Optional(Type.Boolean({ default: false, description: 'Exclude digits' })),
  excludePunctuation: Type.Optional(Type.Boolean({ default: false, description: 'Exclude punctuation' })),
  excludeUppercase: Type.Optional(Type.Boolean({ default: false, description: 'Exclude upper-case letters' })),
  excludeLowercase: Type.Optional(Type.Boolean({ default: false, description: 'Exclude lower-case letters' })),
  includeSpace: Type.Optional(Type.Boolean({ default: false, description: 'Include spaces' })),
  requireEachIncludedType: Type.Optional(Type.Boolean({ default: true, description: 'True to include at least one character of ' +
    'each kind' }))
}

const length = Type.Integer({ minimum: min, maximum: max, default: limits.passwordLength.default, description: 'The length in ' +
  'characters' })

/** The query of `GET …/random-password`. */
export const RandomPasswordQuery = Type.Object({ length: Type.Optional(length), ...exclusions })

/** The `generate` member of an item in a bulk create. */
export const GenerateOptions = Type.Object({
  into: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 512,
    description: 'The key of `value` that receives the generated text. `value` must be a JSON object without that key; if ' +
      '`value` is absent, the key is the only one. `GenerateStringKey` in CloudFormation does the same. Without `into`, the ' +
      'whole value is generated',
    examples: ['password']
  })),
  passwordLength: Type.Optional(length),
  ...exclusions
}, {
  ...closed,
  description: 'Have AWS generate the value or, with `into`, one key of it',
  examples: [{ passwordLength: 48, excludePunctuation: true }]
})

export type GenerateOptions = Static<typeof GenerateOptions>

/** Returns a password that AWS generates. @throws Problem for any AWS error */
export const randomPassword = async (scope: Scope, options: GenerateOptions): Promise<string> =>
  scope.aws.getRandomPassword(scope, options)
