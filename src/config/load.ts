import { dirname } from 'node:path'
import type { Static, TSchema } from '@sinclair/typebox'
import { Ajv, type Options } from 'ajv'
import { parseDocument, type Document } from 'yaml'
import { configFrom, type Config } from './config.ts'
import { readNamedFile } from './files.ts'
import { ConfigError, issueFrom } from './issues.ts'
import { FileSchema, VariablesSchema, type Variables } from './schema.ts'

/**
 * The options of the validators. `verbose` adds the value and its schema to each error. Each validator is used once, so
 * optimizing its code would only delay the start. The schemas are the gateway's own, so they need not be checked at each start.
 */
const validation: Options = {
  allErrors: true, verbose: true, useDefaults: true, discriminator: true, code: { optimize: false }, validateSchema: false
}

function check<T extends TSchema> (schema: T, value: unknown, options: Options = {}): Static<T> {
  const ajv = new Ajv({ ...validation, ...options })
  const validate = ajv.compile<Static<T>>(schema)
  if (validate(value)) return value
  throw new ConfigError((validate.errors ?? []).map(issueFrom))
}

/** The variables that turn on local mode, and how error messages show their values. */
const onlyInLocalMode = [['GATEWAY_LOCAL', '1'], ['GATEWAY_REALISTIC', 'a seed']] as const

/** OpenTelemetry's specification says that an empty variable counts as unset. */
const isUnset = (name: string, value: string): boolean => value === '' && name.startsWith('OTEL_')

/** Reads the gateway's environment variables. @throws ConfigError with all issues */
export function readVariables (env: NodeJS.ProcessEnv): Variables {
  const known = Object.keys(VariablesSchema.properties).filter((name) => env[name] !== undefined && !isUnset(name, env[name]))
  const variables = check(VariablesSchema, Object.fromEntries(known.map((name) => [name, env[name]])), { coerceTypes: true })
  for (const [key, found] of onlyInLocalMode) {
    if (variables[key] === undefined || variables.GATEWAY_CONFIG === undefined) continue
    const expected = 'one of the two: local mode has no configuration file'
    throw new ConfigError([{ key, found: `${found} together with GATEWAY_CONFIG`, expected }])
  }
  return variables
}

/**
 * Parses a YAML configuration.
 *
 * @param folder the base of relative paths
 * @throws ConfigError if the configuration is invalid
 */
export function parseConfig (yaml: string, folder?: string): Config {
  const document = parseDocument(yaml, { uniqueKeys: true, strict: true, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) {
    throw new ConfigError([{ key: `the file, at character ${error.pos[0]}`, found: error.code, expected: 'YAML' }])
  }
  return configFrom(check(FileSchema, valueOf(document)), folder)
}

/**
 * Converts the document to a value.
 *
 * @throws ConfigError for too many aliases, as in a "billion laughs" attack, and for an alias without an anchor
 */
function valueOf (document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new ConfigError([{ key: 'the file', found: 'too many aliases', expected: 'few' }])
  }
}

/** Loads a YAML configuration file. Paths in it are relative to its folder. @throws ConfigError if it is invalid */
export const loadConfig = (file: string): Config => parseConfig(readNamedFile('GATEWAY_CONFIG', file, '.'), dirname(file))
