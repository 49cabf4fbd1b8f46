import { isDeepStrictEqual } from 'node:util'
import { GatewayProblem, reply, type GatewayClient } from '#src/client/client'
import { isJsonObject, parseLossless } from '#src/json/lossless'
import type { BulkItemReply, Manifest } from './manifest.ts'

/**
 * The result of comparing an existing secret's value with the wanted value. It is `unknown` if the caller may not read the value.
 */
export type Comparison = 'same' | 'different' | 'unknown'

type Item = NonNullable<Manifest['body']['secrets']>[number]

/** The number of values in one request. */
const batchSize = 100

/** The results of a plan for secrets that exist and stay active. */
const existing = new Set(['skipped', 'updated'])

/**
 * Compares the values of existing secrets with those that a bulk create would write. Reads the values, but never shows them.
 *
 * @returns the comparisons, by the names of the secrets that have a value in the request
 * @throws GatewayUnreachable
 */
export async function comparisonsFor (
  gateway: GatewayClient, env: string, { secrets = [] }: Manifest['body'], items: readonly BulkItemReply[]
): Promise<Map<string, Comparison>> {
  const found = new Set(items.filter(({ result }) => existing.has(result)).map(({ name }) => name))
  const isWanted = ({ name, value, generate }: Item): boolean => found.has(name) && value !== undefined && generate === undefined
  const wanted = new Map(secrets.filter(isWanted).map((item) => [item.name, item]))
  const names = [...wanted.keys()]
  const comparisons = new Map<string, Comparison>(names.map((name) => [name, 'unknown']))
  for (let start = 0; start < names.length; start += batchSize) {
    const items = await valuesOf(gateway, env, names.slice(start, start + batchSize))
    for (const { name, secret, problem } of items) {
      const item = wanted.get(name)
      if (item === undefined) continue
      if (secret !== undefined) comparisons.set(name, isSame(item, secret) ? 'same' : 'different')
      else if (problem?.code === 'secret-has-no-value') comparisons.set(name, 'different')
    }
  }
  return comparisons
}

interface Read {
  name: string
  secret?: { value: string, encoding: string }
  problem?: { code: string }
}

/**
 * Reads values from AWS, because cached ones may be outdated. Returns an empty list if the caller may not read any of them, or
 * if they are too large for one page.
 */
async function valuesOf (gateway: GatewayClient, env: string, names: string[]): Promise<readonly Read[]> {
  try {
    const params = { path: { env }, header: { 'cache-control': 'no-cache' } }
    return (await reply(gateway.POST('/environments/{env}/values', { params, body: { names } }))).items
  } catch (error) {
    if (error instanceof GatewayProblem) return []
    throw error
  }
}

const bytesOf = (value: string, encoding = 'text'): Buffer => Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8')

/** Compares text byte for byte, and JSON by its content. */
function isSame ({ value, encoding }: Item, read: NonNullable<Read['secret']>): boolean {
  const found = bytesOf(read.value, read.encoding)
  if (typeof value === 'string') return bytesOf(value, encoding).equals(found)
  const parsed = parseLossless(found.toString())
  return isJsonObject(parsed) && isDeepStrictEqual(JSON.parse(JSON.stringify(parsed)), JSON.parse(JSON.stringify(value)))
}

/** The plan's remarks on each comparison, for secrets that would be skipped and for those that would be updated. */
const remarks: Readonly<Record<string, Readonly<Record<Comparison, string>>>> = {
  skipped: {
    same: 'has this value already',
    different: 'has another value, which stays; --on-conflict update replaces it',
    unknown: 'exists; its value can\'t be compared, because you may not read it'
  },
  updated: {
    same: 'has this value already; its description, key or tags differ',
    different: 'has another value, which is replaced',
    unknown: 'its value can\'t be compared, because you may not read it'
  }
}

/** Adds the remarks on current values to the items of a plan. */
export const withComparisons = (items: readonly BulkItemReply[], comparisons: ReadonlyMap<string, Comparison>): BulkItemReply[] =>
  items.map((item) => {
    const comparison = comparisons.get(item.name)
    const remark = comparison === undefined ? undefined : remarks[item.result]?.[comparison]
    return remark === undefined ? item : { ...item, warnings: [remark, ...item.warnings ?? []] }
  })
