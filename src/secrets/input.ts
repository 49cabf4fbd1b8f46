import { compact } from '../compact.ts'
import type { Environment } from '../environments/environment.ts'
import { invalidRequest } from '../errors.ts'
import { parseValue, type AwsValue, type ValueInput } from './value.ts'
import { contradictingTag, type SecretInput } from './write.ts'

interface SecretBody extends Partial<ValueInput> {
  description?: string
  kmsKeyId?: string
  tags?: Record<string, string>
}

/** The body of a write of one secret, checked beyond what its schema can. @throws Problem `invalid-request` */
export function secretInput (environment: Environment, { value, encoding, tags, ...rest }: SecretBody): SecretInput {
  if (contradictingTag(environment, tags) !== undefined) throw mistake('/tags', 'must NOT contradict a tag that the environment gives')
  if (value === undefined && encoding !== undefined) throw mistake('/encoding', 'must NOT be given without value')
  return { ...rest, ...compact({ tags, value: value === undefined ? undefined : valueInput(compact({ value, encoding })) }) }
}

/** A value in a body. @throws Problem `invalid-request` */
export function valueInput (input: ValueInput): AwsValue {
  const parsed = parseValue(input)
  if ('value' in parsed) return parsed.value
  throw mistake('/value', parsed.mistake)
}

const mistake = (pointer: string, message: string): Error => invalidRequest({ in: 'body', pointer, message })
