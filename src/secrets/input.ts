import type { Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import type { SecretContent } from '#src/aws/secret'
import type { Environment } from '#src/environments/environment'
import { compact } from '#src/json/compact'
import { invalidRequest, type RequestError } from '#src/problems/problem'
import type { Encoding, Value } from './schemas.ts'
import { parseValue } from './value.ts'
import { checkType, type ValueType } from './value-types.ts'

/** The parts of a secret that a write sets. */
export interface SecretInput {
  /** The value. Without it, a new secret is a placeholder, and an existing one keeps its value. */
  content?: SecretContent
  description?: string
  kmsKeyId?: string
  tags?: Readonly<Record<string, string>>
}

/** The parts of a secret in a request's body, after schema validation. */
interface SecretBody {
  value?: Static<typeof Value>
  encoding?: Static<typeof Encoding>
  /** The type to check the value against. */
  type?: ValueType
  description?: string
  kmsKeyId?: string
  tags?: Record<string, string>
}

type Report = (member: string, message: string) => void

/**
 * Checks the rules that a schema can't express, and parses the value.
 *
 * @param report called for every error, with the member of the body that is wrong
 */
export function checkSecret (environment: Environment, body: SecretBody, report: Report): SecretInput {
  const { value, encoding, type, description, kmsKeyId, tags } = body
  if (value === undefined && encoding !== undefined) report('encoding', 'must NOT be given without value')
  if (type !== undefined) checkType(type, body, report)
  checkTags(environment, tags, report)
  const parsed = value === undefined ? undefined : parseValue(value, encoding)
  if (parsed !== undefined && 'mistake' in parsed) report('value', parsed.mistake)
  return compact({ content: parsed !== undefined && 'content' in parsed ? parsed.content : undefined, description, kmsKeyId, tags })
}

/** Checks that the tags do not contradict the environment's own tags, and that there are not too many in total. */
export function checkTags (environment: Environment, tags: Record<string, string> = {}, report: Report): void {
  const contradicts = Object.keys(tags).some((key) => Object.hasOwn(environment.tags, key) && environment.tags[key] !== tags[key])
  if (contradicts) report('tags', 'must NOT contradict a tag that the environment gives')
  const together = Object.keys({ ...tags, ...environment.tags }).length
  if (together > limits.tagsPerSecret) report('tags', `must NOT be more than ${limits.tagsPerSecret} with those of the environment`)
}

/** Checks the body of a request that writes one secret. @throws Problem `invalid-request` with all errors */
export function secretInput (environment: Environment, body: SecretBody): SecretInput {
  const errors: RequestError[] = []
  const input = checkSecret(environment, body, (member, message) => { errors.push({ in: 'body', pointer: `/${member}`, message }) })
  if (errors.length > 0) throw invalidRequest(errors)
  return input
}

/** Parses the value in the body of a PUT. @throws Problem `invalid-request` */
export function checkedValue (value: Static<typeof Value>, encoding?: Static<typeof Encoding>): SecretContent {
  const parsed = parseValue(value, encoding)
  if ('content' in parsed) return parsed.content
  throw invalidRequest({ in: 'body', pointer: '/value', message: parsed.mistake })
}
