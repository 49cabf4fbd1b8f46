import { parseDocument, visit } from 'yaml'
import type { Schemas } from '#src/client/client'
import type { paths } from '#src/client/schema'
import '#src/json/lossless'
import { CommandFailure } from './terminal.ts'

type BulkBody = paths['/environments/{env}/secrets']['post']['requestBody']['content']['application/json']

/** What a file wants to be there. */
export interface Manifest {
  /** The environment, where the file says it. */
  env?: string
  body: BulkBody
}

/** What became of one of them. */
export type BulkItemReply = Schemas['BulkItemReply']

const kind = 'AwsSecretsManager'

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The gateway checks the body, and says of every mistake where it is. */
const asBody = (members: object): BulkBody => members

/**
 * Reads the file of `secretsctl apply`: the body of a bulk create in YAML or JSON, or a manifest of kind `AwsSecretsManager`.
 *
 * @throws CommandFailure for what is neither; aliases that would unfold into very much are refused
 */
export function manifestFrom (text: string): Manifest {
  const content = yamlFrom(text)
  if (!isObject(content)) throw new CommandFailure('The file has to hold an object')
  if (!('kind' in content) && !('apiVersion' in content)) {
    // Not `fail`: what is there already is what the file wants.
    return { body: asBody({ onConflict: 'skip', ...content }) }
  }
  return manifestOf(content)
}

const isJsonNumber = (source: string | undefined): source is string => source !== undefined && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(source)

function yamlFrom (text: string): unknown {
  const document = parseDocument(text, { strict: true, uniqueKeys: true, prettyErrors: true })
  const [mistake] = [...document.errors, ...document.warnings]
  // Without the line itself, which may hold a value.
  if (mistake !== undefined) {
    const [start] = mistake.linePos ?? []
    throw new CommandFailure(`The file is no YAML: ${mistake.code}${start === undefined ? '' : ` in line ${start.line}, column ${start.col}`}`)
  }
  // Sent as they stand: which numbers a value may have is for the gateway to say, and not for a rounding here.
  visit(document, {
    Scalar (key, scalar) {
      if (key !== 'key' && typeof scalar.value === 'number' && isJsonNumber(scalar.source)) scalar.value = JSON.rawJSON(scalar.source)
    }
  })
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    throw new CommandFailure('The file has too many aliases, or one to an anchor that is not there')
  }
}

function manifestOf ({ kind: found, spec }: Record<string, unknown>): Manifest {
  if (found !== kind) throw new CommandFailure(`A manifest has to be of kind ${kind}, not ${JSON.stringify(found)}`)
  if (!isObject(spec)) throw new CommandFailure('The manifest has no spec')
  const { environmentInfo, ...body } = spec
  const stray = Object.keys(body).filter((key) => key !== 'awsCredentialId' && key !== 'secretNames')
  if (stray.length > 0) throw new CommandFailure(`The manifest says what is not known here: spec.${stray.join(', spec.')}`)
  const env = isObject(environmentInfo) ? environmentInfo.envId : undefined
  if (environmentInfo !== undefined && typeof env !== 'string') throw new CommandFailure('The manifest has no spec.environmentInfo.envId')
  return { body: asBody({ ...body, onConflict: 'skip' }), ...(typeof env === 'string' && { env }) }
}
