import { parseEnv } from 'node:util'
import { isJsonObject } from '#src/json/lossless'
import { CommandFailure } from './terminal.ts'
import { yamlFrom } from './yaml.ts'

/** The formats of `secretsctl import`. JSON is YAML, too. */
export const importFormats = ['env', 'json', 'yaml'] as const

export type ImportFormat = typeof importFormats[number]

/** Infers the format from a file's name. For example, `.env`, `prod.env` and `.env.local` are files of variables. */
export function formatOfFile (file: string): ImportFormat | undefined {
  const base = file.split('/').at(-1) ?? ''
  if (/(?:^|\.)env(?:\.|$)/.test(base)) return 'env'
  const [, extension = ''] = /\.(\w+)$/.exec(base) ?? []
  return extension === 'yml' ? 'yaml' : importFormats.find((format) => format === extension)
}

/**
 * Reads the names and values of a file.
 *
 * @throws CommandFailure if the file is not in this format, or has no values; the message does not quote the text
 */
export function entriesIn (text: string, format: ImportFormat): Record<string, unknown> {
  const entries = format === 'env' ? variablesIn(text) : yamlFrom(text)
  if (!isJsonObject(entries)) throw new CommandFailure('The file must contain an object, whose keys become the names of secrets')
  if (Object.keys(entries).length === 0) throw new CommandFailure('The file has no values')
  return entries
}

/** Matches one assignment in a file of variables. A quoted value may span several lines. */
const assignment = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:'[^']*'|"[^"]*"|`[^`]*`|[^\r\n]*)[ \t]*(?:#[^\r\n]*)?$/gm

function variablesIn (text: string): Record<string, string> {
  const names = Array.from(text.matchAll(assignment), ([, name = '']) => name)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) throw new CommandFailure(`${repeated} is assigned twice: remove one of the lines`)
  // `parseEnv` silently skips malformed lines, so their values would be lost.
  const rest = text.replace(assignment, (found) => found.replace(/[^\n]/g, '')).split('\n')
  const line = rest.findIndex((line) => !/^\s*(?:#.*)?$/.test(line))
  if (line !== -1) throw new CommandFailure(`Line ${line + 1} of the file is not an assignment, such as NAME=value`)
  const variables = parseEnv(text)
  return Object.fromEntries(names.map((name) => [name, variables[name] ?? '']))
}
