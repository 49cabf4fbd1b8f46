import { Type, type Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes } from '#src/aws-model/shapes'
import { answered } from '#src/aws/errors'
import { AwsString, closed } from '#src/schema/types'
import type { Scope } from './scope.ts'

const { min, max } = shapes.PasswordLengthType

/** What a password may be made of; AWS's exclusions. */
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

/** In the query of `GET …/random-password`. */
export const RandomPasswordQuery = Type.Object({ length: Type.Optional(length), ...exclusions })

/** In `generate` of a bulk create. */
export const GenerateOptions = Type.Object({ passwordLength: Type.Optional(length), ...exclusions }, {
  ...closed,
  description: 'Have AWS make up the value',
  examples: [{ passwordLength: 48, excludePunctuation: true }]
})

export type GenerateOptions = Static<typeof GenerateOptions>

/** A password that AWS made up. @throws Problem as AWS answers */
export async function randomPassword (scope: Pick<Scope, 'aws'>, options: GenerateOptions): Promise<string> {
  const { RandomPassword } = await scope.aws.getRandomPassword({
    PasswordLength: options.passwordLength,
    ExcludeCharacters: options.excludeCharacters,
    ExcludeNumbers: options.excludeNumbers,
    ExcludePunctuation: options.excludePunctuation,
    ExcludeUppercase: options.excludeUppercase,
    ExcludeLowercase: options.excludeLowercase,
    IncludeSpace: options.includeSpace,
    RequireEachIncludedType: options.requireEachIncludedType
  })
  return answered(RandomPassword)
}
