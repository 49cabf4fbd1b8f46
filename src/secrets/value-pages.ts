import type { Reservation } from '#src/admission/budget'
import type { Action } from '#src/authorization/actions'
import { shapes } from '#src/aws-model/shapes'
import { maximumNameLength, parseSecretName, type SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest, Problem, type RequestError } from '#src/problems/problem'
import { beginTurn, forEachInTurns } from '#src/scheduling/turns'
import type { Cursors, Listing } from './cursors.ts'
import { permitted } from './permitted.ts'
import { concurrentValues, readValues, type CurrentValue } from './read-many.ts'
import type { ValueFilters } from './schemas.ts'
import type { Scope } from './scope.ts'
import { asUnaddressable, isAddressable } from './unaddressable.ts'
import { visibleSecrets } from './visible-secrets.ts'

export interface ValuesPage {
  /** For a secret that can't be read, the result contains a problem. */
  results: CurrentValue[]
  /** Absent on the last page. */
  nextCursor?: string
  /**
   * The number of matching secrets that this page leaves out because the gateway can't address them. Only secrets that the caller
   * may read are counted. Absent if there are none.
   */
  unaddressable?: number
}

/** The dependencies that all pages of values share. */
export interface PageContext {
  readonly cursors: Cursors
  /** Reserves memory for values until the reply has been sent. @throws Problem `overloaded` */
  readonly reserve: (bytes: number) => Reservation
}

/** A page ends when it has this many secrets or bytes. The bytes can be exceeded, because values are read in batches. */
const pageLimits = { secrets: 1_000, bytes: 4 * 1024 * 1024 }

/** The number of copies of each value in memory: AWS's response, and a separate string. */
const copies = 2

/**
 * Reads the current values of named secrets, through the cache if the scope has `caching`. The results are in the order of the
 * names.
 *
 * @throws Problem `invalid-request` for an invalid name or cursor, `overloaded`, and any AWS error that concerns a whole batch
 */
export async function readNamed (
  scope: Scope, context: PageContext, { names: texts, cursor }: { names: readonly string[], cursor?: string }
): Promise<ValuesPage> {
  const names = await parseNames(scope, texts)
  const listing: Listing = { scope, operation: 'readNamed', query: { names: texts }, cursorIn: 'body' }
  const { seen: start } = cursor === undefined ? { seen: 0 } : context.cursors.open(listing, cursor)
  const page = startPage(scope, context)
  while (!page.isFull() && start + page.results.length < names.length) {
    const position = start + page.results.length
    const group = names.slice(position, position + page.room())
    await page.read(group, await permitted(scope, 'GetSecretValue', group))
  }
  const end = start + page.results.length
  const nextCursor = end < names.length ? context.cursors.seal(listing, { seen: end }) : undefined
  return compact({ results: page.results, nextCursor })
}

/**
 * Reads the current values of the secrets that match the filters exactly and that the caller may read. No other values are read.
 * AWS is always asked for the list of the secrets. Their values are read through the cache if the scope has `caching`.
 *
 * If the filters contain tags, the caller must also be allowed to describe a secret, because the result reveals its tags. A page
 * depends only on secrets that the caller may read.
 *
 * @throws Problem `invalid-request` for an invalid cursor, or if the prefix is longer than any secret name can be
 * @throws Problem `overloaded`, and any AWS error
 */
export async function readMatching (
  scope: Scope, context: PageContext, { filters, cursor }: { filters: ValueFilters, cursor?: string }
): Promise<ValuesPage> {
  const { namePrefix = '', tags } = filters
  if (scope.environment.namePrefix.length + namePrefix.length > maximumNameLength) {
    throw invalidRequest({ in: 'body', pointer: '/filters/namePrefix', message: 'must NOT be longer than a name can be in this environment' })
  }
  const listing: Listing = { scope, operation: 'readMatching', query: filters, cursorIn: 'body' }
  const actions: readonly Action[] = tags === undefined ? ['GetSecretValue'] : ['DescribeSecret', 'GetSecretValue']
  const start = cursor === undefined ? { seen: 0 } : context.cursors.open(listing, cursor)
  const page = startPage(scope, context)
  let group: SecretName[] = []
  let unaddressable = 0
  let nextCursor: string | undefined
  const readGroup = async (): Promise<void> => {
    await page.read(group, new Set(group))
    group = []
  }
  for await (const { secret, place } of visibleSecrets(scope, { filters }, actions, start)) {
    if (!isAddressable(secret)) {
      unaddressable += 1
      continue
    }
    if (group.length > 0 && group.length === page.room()) await readGroup()
    if (page.isFull()) {
      nextCursor = context.cursors.seal(listing, place())
      break
    }
    group.push(secret.name)
  }
  if (nextCursor === undefined) await readGroup()
  return compact({ results: page.results, nextCursor, unaddressable: asUnaddressable(unaddressable) })
}

interface Page {
  readonly results: CurrentValue[]
  /** Returns true if the page has reached one of its limits. */
  isFull: () => boolean
  /** Returns the number of values to read next. */
  room: () => number
  /**
   * Adds secrets to the page, and reads the values of those that the caller may read.
   *
   * @throws Problem `overloaded`, and any AWS error
   */
  read: (names: readonly SecretName[], readable: ReadonlySet<SecretName>) => Promise<void>
}

function startPage (scope: Scope, { reserve }: PageContext): Page {
  const results: CurrentValue[] = []
  const turn = beginTurn()
  let bytes = 0
  return {
    results,
    isFull: () => results.length >= pageLimits.secrets || bytes >= pageLimits.bytes,
    room: () => Math.min(concurrentValues, pageLimits.secrets - results.length),
    async read (names, readable) {
      // Values from the cache are read without waiting for anything.
      if (turn.isOver()) await turn.next()
      const memory = reserve(readable.size * shapes.SecretStringType.max * copies)
      const read = await readValues(scope, [...readable])
      const sizes = read.map((result) => 'secret' in result ? sizeOf(result.secret.content) : 0)
      const size = sizes.reduce((sum, one) => sum + one, 0)
      memory.shrinkTo(size * copies)
      bytes += size
      const byName = new Map(read.map((result) => [result.name, result]))
      for (const name of names) results.push(byName.get(name) ?? { name, problem: new Problem('forbidden') })
    }
  }
}

const sizeOf = (content: string | Uint8Array): number => Buffer.byteLength(content)

async function parseNames (scope: Scope, texts: readonly string[]): Promise<SecretName[]> {
  const names: SecretName[] = []
  const errors: RequestError[] = []
  await forEachInTurns(texts, (text, index) => {
    const parsed = parseSecretName(scope.environment, text)
    if ('name' in parsed) names.push(parsed.name)
    else errors.push({ in: 'body', pointer: `/names/${index}`, message: parsed.mistake })
  })
  if (errors.length > 0) throw invalidRequest(errors)
  return names
}
