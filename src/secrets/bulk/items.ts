import { compact } from '../../compact.ts'
import { parseSecretName, type SecretName } from '../../environments/names.ts'
import type { Environment } from '../../environments/environment.ts'
import { invalidRequest, type RequestError } from '../../errors.ts'
import { parseValue, type AwsValue } from '../value.ts'
import { contradictingTag, type SecretInput } from '../write.ts'
import { maximumItems, type BulkCreateBody, type GenerateOptions } from './schemas.ts'

/** One secret of a bulk create, checked. */
export interface BulkItem extends SecretInput {
  readonly name: SecretName
  readonly generate?: GenerateOptions
}

type Declared = NonNullable<BulkCreateBody['secrets']>[number]

/**
 * The secrets of the request, first those of `secrets`, then those of `secretNames`.
 *
 * @throws Problem `invalid-request` with every mistake in them
 */
export function bulkItems (environment: Environment, { secrets = [], secretNames = [] }: BulkCreateBody): BulkItem[] {
  const errors: RequestError[] = []
  const mistake = (pointer: string, message: string): void => { errors.push({ in: 'body', pointer, message }) }
  const total = secrets.length + secretNames.length
  if (total === 0 || total > maximumItems) mistake('', `must name 1 to ${maximumItems} secrets`)

  const seen = new Set<string>()
  const parseName = (text: string, pointer: string): SecretName[] => {
    const parsed = parseSecretName(environment, text)
    if (!('name' in parsed)) {
      mistake(pointer, parsed.mistake)
      return []
    }
    if (seen.has(text)) mistake(pointer, 'must NOT be named twice in one request')
    seen.add(text)
    return [parsed.name]
  }

  const items = [
    ...secrets.flatMap((declared, index) => {
      const pointer = `/secrets/${index}`
      const value = valueOf(declared, (member, message) => { mistake(`${pointer}/${member}`, message) })
      const tag = contradictingTag(environment, declared.tags)
      if (tag !== undefined) mistake(`${pointer}/tags`, 'must NOT contradict a tag that the environment gives')
      return parseName(declared.name, `${pointer}/name`).map((name) => itemFrom(name, declared, value))
    }),
    ...secretNames.flatMap((text, index) => parseName(text, `/secretNames/${index}`).map((name) => ({ name })))
  ]
  if (errors.length > 0) throw invalidRequest(...errors)
  return items
}

function valueOf (
  { value, encoding, generate }: Declared,
  mistake: (member: string, message: string) => void
): AwsValue | undefined {
  if (value === undefined) {
    if (encoding !== undefined) mistake('encoding', 'must NOT be given without value')
    return undefined
  }
  if (generate !== undefined) mistake('generate', 'must NOT be given together with value')
  const parsed = parseValue(compact({ value, encoding }))
  if ('value' in parsed) return parsed.value
  mistake('value', parsed.mistake)
  return undefined
}

function itemFrom (name: SecretName, { generate, description, kmsKeyId, tags }: Declared, value: AwsValue | undefined): BulkItem {
  return compact({ name, value, generate, description, kmsKeyId, tags })
}
