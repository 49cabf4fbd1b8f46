import { createRequire } from 'node:module'

/**
 * The options for writing YAML. They ensure that parsers of YAML 1.1 read the output correctly, too. Strings are quoted, because
 * these parsers would read an unquoted `yes` as a boolean and an unquoted `1:30` as a number.
 */
const options = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const

/** Escapes characters in YAML's quoted strings: invisible ones, and those that YAML 1.1 forbids or treats as line breaks. */
const escaped = (text: string): string => text.replace(/[\u007f-\u009f\ufffe\uffff\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
  `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`)

/** Returns a value as YAML that all parsers of YAML 1.1 and 1.2 read in the same way. */
export function yamlText (value: unknown): string {
  // Loaded on demand, because most commands write no YAML, and loading this module would lengthen their start by half.
  const { stringify } = createRequire(import.meta.url)('yaml') as typeof import('yaml')
  return escaped(stringify(value, options))
}
