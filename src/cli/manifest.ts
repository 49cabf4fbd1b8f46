import type { Schemas } from '#src/client/client'
import type { paths } from '#src/client/schema'
import { isJsonObject } from '#src/json/lossless'
import { CommandFailure } from './terminal.ts'
import { yamlFrom } from './yaml.ts'

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

/** Casts without validation, because the gateway validates the body and reports the location of every error. */
const asBody = (members: object): BulkBody => members

/**
 * Parses the YAML or JSON file for `secretsctl apply`. It contains either the body of a bulk create or a manifest of kind
 * `AwsSecretsManager`.
 *
 * @throws CommandFailure if the content is not an object, if a manifest is invalid, or if `yamlFrom` refuses the text
 */
export function manifestFrom (text: string): Manifest {
  const content = yamlFrom(text)
  if (!isJsonObject(content)) throw new CommandFailure('The file must contain an object')
  if (!('kind' in content) && !('apiVersion' in content)) {
    // The API's default for `onConflict` is `fail`. For `apply`, a secret that already exists is not an error, because the file
    // describes the desired state.
    return { body: asBody({ onConflict: 'skip', ...content }) }
  }
  return manifestOf(content)
}

function manifestOf ({ kind: found, spec }: Record<string, unknown>): Manifest {
  if (found !== kind) throw new CommandFailure(`A manifest must be of kind ${kind}, not ${JSON.stringify(found)}`)
  if (!isJsonObject(spec)) throw new CommandFailure('The manifest has no spec')
  // These two settings tell the manifest's own tool how to run a job. They have nothing to do with secrets.
  const { environmentInfo, stackJobSettings, ...body } = spec
  if (stackJobSettings !== undefined && !isJsonObject(stackJobSettings)) throw new CommandFailure('spec.stackJobSettings must be an object')
  const unknown = Object.keys(body).filter((key) => key !== 'awsCredentialId' && key !== 'secretNames')
  if (unknown.length > 0) throw new CommandFailure(`The manifest has unknown fields: spec.${unknown.join(', spec.')}`)
  const env = isJsonObject(environmentInfo) ? environmentInfo.envId : undefined
  if (environmentInfo !== undefined && typeof env !== 'string') throw new CommandFailure('The manifest has no spec.environmentInfo.envId')
  return { body: asBody({ ...body, onConflict: 'skip' }), ...(typeof env === 'string' && { env }) }
}
