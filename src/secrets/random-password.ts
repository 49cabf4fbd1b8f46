import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import { AwsString, closed } from '#src/schema/types'
import type { Scope } from './scope.ts'

const { min, max } = shapes.PasswordLengthType

/** AWS's options for the characters of a password. */
const exclusions = {
  excludeCharacters: Type.Optional(AwsString('ExcludeCharactersType', { description: 'Characters that it must not have', examples: ['"@/\\'] })),
  excludeNumbers: Type.Optional(Type.Boolean({ default: false, description: 'Without digits' })),
  excludePunctuation: Type.Optional(Type.Boolean({ default: false, description: 'Without punctuation' })),
  excludeUppercase: Type.Optional(Type.Boolean({ default: false, description: 'Without upper case letters' })),
  excludeLowercase: Type.Optional(Type.Boolean({ default: false, description: 'Without lower case letters' })),
  includeSpace: Type.Optional(Type.Boolean({ default: false, description: 'Also with spaces' })),
  requireEachIncludedType: Type.Optional(Type.Boolean({ default: true, description: 'Whether it has one character of each kind at least' }))
}

const length = Type.Integer({ minimum: min, maximum: max, default: limits.passwordLength.default, description: 'Its length in characters' })

/** The query of `GET …/random-password`. */
export const RandomPasswordQuery = Type.Object({ length: Type.Optional(length), ...exclusions })

/** The `generate` member of an item in a bulk create. */
export const GenerateOptions = Type.Object({
  into: Type.Optional(Type.String({
    minLength: 1,
    maxLength: 512,
    description: 'The key under which what is made up is put into `value`, which has to be a JSON object without that key; where `value` ' +
      'is absent, it is the only key. `GenerateStringKey` in CloudFormation does the same. Without `into`, all of the value is made up',
    examples: ['password']
  })),
  passwordLength: Type.Optional(length),
  ...exclusions
}, {
  ...closed,
  description: 'Have AWS make up the value, or with `into` one key of it',
  examples: [{ passwordLength: 48, excludePunctuation: true }]
})

export type GenerateOptions = Static<typeof GenerateOptions>

/** Returns a password that AWS generates. @throws Problem for any AWS error */
export const randomPassword = async (scope: Scope, options: GenerateOptions): Promise<string> =>
  scope.aws.getRandomPassword(scope, options)
