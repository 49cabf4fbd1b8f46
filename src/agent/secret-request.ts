import type { VersionSelector } from '#src/aws/port'
import { problemOf } from '#src/aws-endpoint/refusal'
import { isAwsName } from '#src/aws/secret-ids'
import { AwsError, errors } from '#src/aws-protocol/errors'
import { validateInput } from '#src/aws-protocol/validation'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'

/** A request to AWS's agent for a secret. */
export interface SecretRequest extends VersionSelector {
  /** The secret's AWS name, or its ARN. */
  readonly secretId: string
  /** True if the value must be read from AWS, even if it is cached. */
  readonly refreshNow: boolean
}

/** Reads a request from its URL. @throws Problem `invalid-request` with the agent's or AWS's error */
export type ReadSecretRequest = (url: string) => SecretRequest

const mistake = (detail: string): Problem => new Problem('invalid-request', { detail })

const flags: ReadonlyMap<string, boolean> = new Map([['true', true], ['1', true], ['false', false], ['0', false]])

/** Reads a request such as `/secretsmanager/get?secretId=prod/db`. */
export const readQuery: ReadSecretRequest = (url) => {
  const parameters = readParameters(url, ['secretId', 'versionId', 'versionStage', 'refreshNow'])
  const { secretId = '' } = parameters
  if (secretId === '') throw mistake('missing parameter secretId')
  return secretRequest(secretId, parameters)
}

/** Creates a function that reads requests such as `/v1/prod/db`. The path is not decoded. */
export const readPath = (pathPrefix: string): ReadSecretRequest => (url) => {
  const [path = ''] = url.split('?')
  // A request target may be an absolute URL, with a scheme and a host before the prefix.
  const secretId = path.slice(path.indexOf(pathPrefix) + pathPrefix.length)
  if (secretId === '') throw mistake('missing secret ID')
  return secretRequest(secretId, readParameters(url, ['versionId', 'versionStage', 'refreshNow']))
}

/** Returns the parameters in a query string. If one is repeated, the last one counts. */
function readParameters<Name extends string> (url: string, known: readonly Name[]): Partial<Record<Name, string>> {
  const found = new Map<string, string>()
  const [, ...query] = url.split('?')
  for (const [name, value] of new URLSearchParams(query.join('?'))) {
    if (!known.some((one) => one === name)) throw mistake(`unknown parameter: ${name}`)
    if (name === 'refreshNow' && !flags.has(value.toLowerCase())) throw mistake('invalid refreshNow value')
    found.set(name, value)
  }
  return Object.fromEntries(found) as Partial<Record<Name, string>>
}

type Parameters = Partial<Record<'versionId' | 'versionStage' | 'refreshNow', string>>

/** @throws Problem `invalid-request` with AWS's error if AWS would refuse the secret ID or the version */
function secretRequest (secretId: string, { versionId, versionStage, refreshNow = 'false' }: Parameters): SecretRequest {
  try {
    validateInput('GetSecretValue', compact({ SecretId: secretId, VersionId: versionId, VersionStage: versionStage }))
    if (!secretId.startsWith('arn:') && !isAwsName(secretId)) throw errors.invalidName()
  } catch (error) {
    throw error instanceof AwsError ? problemOf(error) : error
  }
  return { secretId, ...compact({ versionId, versionStage }), refreshNow: flags.get(refreshNow.toLowerCase()) === true }
}
