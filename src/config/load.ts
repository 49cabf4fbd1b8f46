import { dirname } from 'node:path'
import type { Static, TSchema } from '@sinclair/typebox'
import { Ajv, type Options } from 'ajv'
import { parseDocument, type Document } from 'yaml'
import { configFrom, type Config } from './config.ts'
import { readNamedFile } from './files.ts'
import { ConfigError, issueFrom } from './issues.ts'
import { FileSchema, VariablesSchema, type Variables } from './schema.ts'

function check<T extends TSchema> (schema: T, value: unknown, options: Options = {}): Static<T> {
  // "verbose" puts what was found into each error, and the schema that it does not fit.
  const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, discriminator: true, ...options })
  const validate = ajv.compile<Static<T>>(schema)
  if (validate(value)) return value
  throw new ConfigError((validate.errors ?? []).map(issueFrom))
}

/**
 * The gateway's environment variables, from all of them.
 *
 * @throws ConfigError
 */
export function readVariables (env: NodeJS.ProcessEnv): Variables {
  const known = Object.keys(VariablesSchema.properties).filter((name) => env[name] !== undefined)
  const variables = check(VariablesSchema, Object.fromEntries(known.map((name) => [name, env[name]])), { coerceTypes: true })
  if (variables.GATEWAY_LOCAL !== undefined && variables.GATEWAY_CONFIG !== undefined) {
    throw new ConfigError([{ key: 'GATEWAY_LOCAL', found: '1 beside GATEWAY_CONFIG', expected: 'one of them: local mode takes no file' }])
  }
  return variables
}

/**
 * The configuration in a YAML text.
 *
 * @param folder what the paths of files start from
 * @throws ConfigError
 */
export function parseConfig (yaml: string, folder?: string): Config {
  const document = parseDocument(yaml, { uniqueKeys: true, strict: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    throw new ConfigError([{ key: `the file, at character ${error.pos[0]}`, found: error.code, expected: 'YAML' }])
  }
  return configFrom(check(FileSchema, withoutBomb(document)), folder)
}

/** The document's value, unless its aliases multiply beyond what a configuration needs. */
function withoutBomb (document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new ConfigError([{ key: 'the file', found: 'too many aliases', expected: 'few' }])
  }
}

/**
 * The configuration in a YAML file. The paths in it start from its folder.
 *
 * @throws ConfigError
 */
export const loadConfig = (file: string): Config => parseConfig(readNamedFile('GATEWAY_CONFIG', file, '.'), dirname(file))
