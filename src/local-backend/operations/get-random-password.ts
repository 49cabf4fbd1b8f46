import { randomInt } from 'node:crypto'
import type { GetRandomPasswordCommandOutput } from '@aws-sdk/client-secrets-manager'
import { limits } from '#src/aws-model/limits'
import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { WireForm } from '#src/aws-protocol/wire-form'

const characterTypes = [
  { characters: 'abcdefghijklmnopqrstuvwxyz', excludedBy: 'ExcludeLowercase' },
  { characters: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', excludedBy: 'ExcludeUppercase' },
  { characters: '0123456789', excludedBy: 'ExcludeNumbers' },
  { characters: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', excludedBy: 'ExcludePunctuation' }
] as const

/**
 * Generates a password from the character types that aren't excluded. It contains at least one character of each type, unless
 * `RequireEachIncludedType` is false.
 */
export function getRandomPassword (input: Input<'GetRandomPassword'>): WireForm<GetRandomPasswordCommandOutput> {
  const { PasswordLength = limits.passwordLength.default, ExcludeCharacters = '', IncludeSpace, RequireEachIncludedType = true } = input
  const types = characterTypes
    .filter(({ excludedBy }) => !input[excludedBy])
    .map(({ characters }) => without(characters, ExcludeCharacters))
    .filter((characters) => characters.length > 0)
  const all = [...types.flat(), ...without(IncludeSpace ? ' ' : '', ExcludeCharacters)]
  if (all.length === 0) throw errors.noCharactersLeft()
  const required = RequireEachIncludedType ? types : []
  if (PasswordLength < required.length) throw errors.passwordTooShort()
  const rest = Array.from({ length: PasswordLength - required.length }, () => pick(all))
  return { RandomPassword: shuffled([...required.map(pick), ...rest]).join('') }
}

function without (characters: string, excluded: string): string[] {
  return Array.from(characters).filter((character) => !excluded.includes(character))
}

function pick (characters: readonly string[]): string {
  return characters[randomInt(characters.length)] ?? ''
}

/** Shuffles the characters. Otherwise the required characters would always come first. */
function shuffled (characters: readonly string[]): string[] {
  const rest = [...characters]
  return characters.flatMap(() => rest.splice(randomInt(rest.length), 1))
}
