import { Type, type Static } from '@sinclair/typebox'
import { limits, shapes } from '../aws-model.ts'
import { AwsString } from '../schema.ts'
import type { Scope } from './scope.ts'

const { min, max } = shapes.PasswordLengthType

/** What a password may be made of; AWS's exclusions. */
const exclusions = {
  excludeCharacters: Type.Optional(AwsString('ExcludeCharactersType', { description: 'Characters that it must not have', examples: ['"@/\\'] })),
  excludeNumbers: Type.Optional(Type.Boolean()),
  excludePunctuation: Type.Optional(Type.Boolean()),
  excludeUppercase: Type.Optional(Type.Boolean()),
  excludeLowercase: Type.Optional(Type.Boolean()),
  includeSpace: Type.Optional(Type.Boolean()),
  requireEachIncludedType: Type.Optional(Type.Boolean({ default: true, description: 'Whether it has one character of each kind at least' }))
}

const length = Type.Integer({ minimum: min, maximum: max, default: limits.passwordLength.default, description: 'Its length in characters' })

/** In the query of `GET …/random-password`. */
export const RandomPasswordQuery = Type.Object({ length: Type.Optional(length), ...exclusions })

/** In `generate` of a bulk create. */
export const GenerateOptions = Type.Object({ passwordLength: Type.Optional(length), ...exclusions }, {
  additionalProperties: false,
  description: 'Have AWS make up the value',
  examples: [{ passwordLength: 48, excludePunctuation: true }]
})

/** A password that AWS made up. @throws Problem as AWS answers */
export async function randomPassword (scope: Pick<Scope, 'aws'>, options: Static<typeof GenerateOptions>): Promise<string> {
  const { RandomPassword = '' } = await scope.aws.getRandomPassword({
    PasswordLength: options.passwordLength,
    ExcludeCharacters: options.excludeCharacters,
    ExcludeNumbers: options.excludeNumbers,
    ExcludePunctuation: options.excludePunctuation,
    ExcludeUppercase: options.excludeUppercase,
    ExcludeLowercase: options.excludeLowercase,
    IncludeSpace: options.includeSpace,
    RequireEachIncludedType: options.requireEachIncludedType
  })
  return RandomPassword
}
