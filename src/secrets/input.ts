import type { Static } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import type { Environment } from '#src/environments/environment'
import { compact } from '#src/json/compact'
import { invalidRequest, type RequestError } from '#src/problems/problem'
import type { Encoding, Value } from './schemas.ts'
import { parseValue, type AwsValue } from './value.ts'
import { checkType, type ValueType } from './value-types.ts'

/** What a write makes of a secret. */
export interface SecretInput {
  /** Absent: a secret that is made is a placeholder, and one that is changed keeps its value. */
  value?: AwsValue
  description?: string
  kmsKeyId?: string
  tags?: Readonly<Record<string, string>>
}

/** The same in a request's body, checked by its schema. */
interface SecretBody {
  value?: Static<typeof Value>
  encoding?: Static<typeof Encoding>
  /** What the value has to be. */
  type?: ValueType
  description?: string
  kmsKeyId?: string
  tags?: Record<string, string>
}

type Report = (member: string, message: string) => void

/**
 * Checks what a schema can't, and gives the value its form for AWS.
 *
 * @param report is told of each mistake, and in which member of the body it is
 */
export function checkSecret (environment: Environment, body: SecretBody, report: Report): SecretInput {
  const { value, encoding, type, description, kmsKeyId, tags } = body
  if (value === undefined && encoding !== undefined) report('encoding', 'must NOT be given without value')
  if (type !== undefined) checkType(type, body, report)
  checkTags(environment, tags, report)
  const parsed = value === undefined ? undefined : parseValue(value, encoding)
  if (parsed !== undefined && 'mistake' in parsed) report('value', parsed.mistake)
  return compact({ value: parsed !== undefined && 'value' in parsed ? parsed.value : undefined, description, kmsKeyId, tags })
}

/** Checks tags against those that the environment gives, which are not the caller's to change. */
export function checkTags (environment: Environment, tags: Record<string, string> = {}, report: Report): void {
  const contradicts = Object.keys(tags).some((key) => Object.hasOwn(environment.tags, key) && environment.tags[key] !== tags[key])
  if (contradicts) report('tags', 'must NOT contradict a tag that the environment gives')
  const together = Object.keys({ ...tags, ...environment.tags }).length
  if (together > limits.tagsPerSecret) report('tags', `must NOT be more than ${limits.tagsPerSecret} with those of the environment`)
}

/** The body of a write of one secret. @throws Problem `invalid-request` with every mistake */
export function secretInput (environment: Environment, body: SecretBody): SecretInput {
  const errors: RequestError[] = []
  const input = checkSecret(environment, body, (member, message) => { errors.push({ in: 'body', pointer: `/${member}`, message }) })
  if (errors.length > 0) throw invalidRequest(...errors)
  return input
}

/** The body of a PUT. @throws Problem `invalid-request` */
export function checkedValue (value: Static<typeof Value>, encoding?: Static<typeof Encoding>): AwsValue {
  const parsed = parseValue(value, encoding)
  if ('value' in parsed) return parsed.value
  throw invalidRequest({ in: 'body', pointer: '/value', message: parsed.mistake })
}
