import { parseDocument, visit } from 'yaml'
import type { Schemas } from '#src/client/client'
import type { paths } from '#src/client/schema'
import '#src/json/lossless'
import { CommandFailure } from './terminal.ts'

type BulkBody = paths['/environments/{env}/secrets']['post']['requestBody']['content']['application/json']

/** The parsed content of a file for `secretsctl apply`. */
export interface Manifest {
  /** The environment, if the file names one. */
  env?: string
  body: BulkBody
}

/** The result for one secret. */
export type BulkItemReply = Schemas['BulkItemReply']

const kind = 'AwsSecretsManager'

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Casts without validation, because the gateway validates the body and reports the location of every error. */
const asBody = (members: object): BulkBody => members

/**
 * Parses the YAML or JSON file for `secretsctl apply`. It contains either the body of a bulk create or a manifest of kind
 * `AwsSecretsManager`.
 *
 * @throws CommandFailure for any other content, and for YAML with so many aliases that it could exhaust memory ("billion laughs")
 */
export function manifestFrom (text: string): Manifest {
  const content = yamlFrom(text)
  if (!isObject(content)) throw new CommandFailure('The file must contain an object')
  if (!('kind' in content) && !('apiVersion' in content)) {
    // The API's default for `onConflict` is `fail`. For `apply`, a secret that already exists is not an error, because the file
    // describes the desired state.
    return { body: asBody({ onConflict: 'skip', ...content }) }
  }
  return manifestOf(content)
}

const isJsonNumber = (source: string | undefined): source is string => source !== undefined && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source)

function yamlFrom (text: string): unknown {
  const document = parseDocument(text, { strict: true, uniqueKeys: true, prettyErrors: true })
  const [error] = [...document.errors, ...document.warnings]
  // Does not show the parser's own message, because it quotes the line, which may contain a secret's value.
  if (error !== undefined) {
    const [start] = error.linePos ?? []
    throw new CommandFailure(`The file is not valid YAML: ${error.code}${start === undefined ? '' : ` at line ${start.line}, column ${start.col}`}`)
  }
  // Keeps numbers exactly as written, because JavaScript would round some of them. The gateway decides which ones it accepts.
  visit(document, {
    Scalar (key, scalar) {
      if (key !== 'key' && typeof scalar.value === 'number' && isJsonNumber(scalar.source)) scalar.value = JSON.rawJSON(scalar.source)
    }
  })
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new CommandFailure('The file has too many aliases, or an alias without an anchor')
  }
}

function manifestOf ({ kind: found, spec }: Record<string, unknown>): Manifest {
  if (found !== kind) throw new CommandFailure(`A manifest must be of kind ${kind}, not ${JSON.stringify(found)}`)
  if (!isObject(spec)) throw new CommandFailure('The manifest has no spec')
  const { environmentInfo, ...body } = spec
  const unknown = Object.keys(body).filter((key) => key !== 'awsCredentialId' && key !== 'secretNames')
  if (unknown.length > 0) throw new CommandFailure(`The manifest has unknown fields: spec.${unknown.join(', spec.')}`)
  const env = isObject(environmentInfo) ? environmentInfo.envId : undefined
  if (environmentInfo !== undefined && typeof env !== 'string') throw new CommandFailure('The manifest has no spec.environmentInfo.envId')
  return { body: asBody({ ...body, onConflict: 'skip' }), ...(typeof env === 'string' && { env }) }
}
