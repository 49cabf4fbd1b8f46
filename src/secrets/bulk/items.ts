import { compact } from '../../compact.ts'
import type { Environment } from '../../environments/environment.ts'
import { parseSecretName, type SecretName } from '../../environments/names.ts'
import { invalidRequest, type RequestError } from '../../errors.ts'
import { checkSecret, type SecretInput } from '../input.ts'
import type { GenerateOptions } from '../random-password.ts'
import { maximumItems } from '../schemas.ts'
import type { BulkCreateBody } from './schemas.ts'

/** One secret of a bulk create, checked. */
export interface BulkItem extends SecretInput {
  readonly name: SecretName
  readonly generate?: GenerateOptions
}

/**
 * The secrets of the request, first those of `secrets`, then those of `secretNames`.
 *
 * @throws Problem `invalid-request` with the mistakes in all of them
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
    ...secrets.flatMap(({ name: text, generate, ...body }, index) => {
      const pointer = `/secrets/${index}`
      const input = checkSecret(environment, body, (member, message) => { mistake(`${pointer}/${member}`, message) })
      if (generate !== undefined && body.value !== undefined) mistake(`${pointer}/generate`, 'must NOT be given together with value')
      return parseName(text, `${pointer}/name`).map((name) => compact({ ...input, name, generate }))
    }),
    ...secretNames.flatMap((text, index) => parseName(text, `/secretNames/${index}`).map((name) => ({ name })))
  ]
  if (errors.length > 0) throw invalidRequest(...errors)
  return items
}
