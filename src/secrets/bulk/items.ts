import type { Environment } from '#src/environments/environment'
import { newNameMistake, parseSecretName, type SecretName } from '#src/environments/names'
import { invalidRequest, maximumErrors, type RequestError } from '#src/problems/problem'
import { beginTurn } from '#src/scheduling/turns'
import { checkGeneration, type Generation } from '#src/secrets/generate'
import { checkSecret, type SecretInput } from '#src/secrets/input'
import type { GenerateOptions } from '#src/secrets/random-password'
import { maximumItems } from '#src/secrets/schemas'
import type { BulkCreateBody } from './schemas.ts'

/** A checked item of a bulk create. */
export interface BulkItem extends SecretInput {
  readonly name: SecretName
  readonly generate?: Generation
  /**
   * True if the item has a value that only another process knew. It then has no `content`, and its `generate` has no `template`.
   */
  readonly withheld?: true
}

/** A bulk create's body without the members that failed schema validation. */
interface PartlyRight {
  readonly secrets: Iterable<Partial<NonNullable<BulkCreateBody['secrets']>[number]>>
  readonly secretNames: Iterable<string | undefined>
  /** The number of secrets in both lists. */
  readonly total: number
}

/**
 * Returns the items of the request: first those in `secrets`, then those in `secretNames`. Lets other work run in between.
 *
 * @throws Problem `invalid-request` with the errors in all items, or with the first `maximumErrors` of them
 */
export async function bulkItems (
  environment: Environment, { secrets = [], secretNames = [] }: BulkCreateBody
): Promise<BulkItem[]> {
  const { items, errors } = await checkItems(environment, { secrets, secretNames, total: secrets.length + secretNames.length })
  if (errors.length > 0) throw invalidRequest(errors)
  return items
}

/** The members that determine an item's value. The check of `type` depends on all of them. */
const contents = ['value', 'encoding', 'generate']

/**
 * Returns the errors that the schema can't find, so that the caller receives all errors together. Ends early if there are enough
 * errors.
 *
 * @param body the body before validation
 * @param found the schema's errors
 */
export async function furtherMistakes (
  environment: Environment, body: unknown, found: readonly RequestError[]
): Promise<RequestError[]> {
  if (found.length >= maximumErrors) return []
  /** The JSON pointers of the schema's errors, and of all objects and lists that contain them. */
  const wrong = new Set(found.flatMap(({ pointer }) => pointer.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'))))
  const isWrong = (pointer: string): boolean => wrong.has(pointer)
  const members = Object(body) as Partial<Record<string, unknown>>
  const listOf = (member: unknown): readonly unknown[] => Array.isArray(member) ? member : []
  const [secrets, secretNames] = [listOf(members.secrets), listOf(members.secretNames)]
  /** Yields `right(item, pointer)` for each item. `pointer` is the item's JSON pointer. */
  function* rightOf<T> (list: readonly unknown[], right: (item: unknown, pointer: string) => T, pointer: string): Generator<T> {
    for (const [index, item] of list.entries()) yield right(item, `${pointer}/${index}`)
  }
  const rightMembers = (item: unknown, pointer: string): object => {
    // If one of the `contents` is invalid, the rules that combine them can't be checked, so all `contents` and `type` are left
    // out.
    const left = contents.some((member) => isWrong(`${pointer}/${member}`)) ? [...contents, 'type'] : []
    return Object.fromEntries(Object.entries(Object(item) as object)
      .filter(([member]) => !left.includes(member) && !isWrong(`${pointer}/${member}`)))
  }
  const { errors } = await checkItems(environment, {
    secrets: rightOf(secrets, rightMembers, '/secrets'),
    secretNames: rightOf(secretNames, (name, pointer) => isWrong(pointer) ? undefined : name as string, '/secretNames'),
    total: secrets.length + secretNames.length
  })
  return errors.filter(({ pointer }) => !isWrong(pointer))
}

/**
 * Returns the items that have a valid name, and all errors. An undefined name is ignored, because its error has already been
 * reported. Ends early if there are enough errors.
 */
async function checkItems (
  environment: Environment, { secrets, secretNames, total }: PartlyRight
): Promise<{ items: BulkItem[], errors: RequestError[] }> {
  const items: BulkItem[] = []
  const errors: RequestError[] = []
  const mistake = (pointer: string, message: string): void => { errors.push({ in: 'body', pointer, message }) }
  if (total === 0 || total > maximumItems) mistake('', `must name 1 to ${maximumItems} secrets`)

  const seen = new Set<string>()
  const add = (text: string | undefined, pointer: string, input: Omit<BulkItem, 'name'>): void => {
    if (text === undefined) return
    const parsed = parseSecretName(environment, text)
    if (!('name' in parsed)) {
      mistake(pointer, parsed.mistake)
      return
    }
    const reserved = newNameMistake(parsed.name)
    if (reserved !== undefined) mistake(pointer, reserved)
    if (seen.has(text)) mistake(pointer, 'must NOT be named twice in one request')
    seen.add(text)
    items.push({ ...input, name: parsed.name })
  }

  const turn = beginTurn()
  /** Calls `check` for each item in turn, until there are enough errors. */
  const checkEach = async <T>(list: Iterable<T>, check: (item: T, index: number) => void): Promise<void> => {
    let index = 0
    for (const item of list) {
      if (errors.length >= maximumErrors) return
      if (turn.isOver()) await turn.next()
      check(item, index)
      index += 1
    }
  }
  await checkEach(secrets, ({ name, generate, ...body }, index) => {
    const pointer = `/secrets/${index}`
    const input = checkItem(environment, generate, body, (member, message) => { mistake(`${pointer}/${member}`, message) })
    // AWS would also refuse a tag key that begins with `aws:`, but a dry run sends no tags to AWS.
    if (Object.keys(body.tags ?? {}).some((key) => /^aws:/i.test(key))) mistake(`${pointer}/tags`, 'must NOT have a key that begins with aws:')
    add(name, `${pointer}/name`, input)
  })
  await checkEach(secretNames, (name, index) => { add(name, `/secretNames/${index}`, {}) })
  return { items, errors }
}

type Body = Parameters<typeof checkSecret>[1]

/**
 * Checks everything in an item except its name. The result contains no generated value, because that value does not exist yet.
 */
function checkItem (
  environment: Environment, generate: GenerateOptions | undefined, body: Body, report: Parameters<typeof checkSecret>[2]
): Omit<BulkItem, 'name'> {
  if (generate === undefined) return checkSecret(environment, body, report)
  const { generation, completed } = checkGeneration(generate, body, report)
  const { type, ...others } = body
  const { content, ...input } = checkSecret(environment, completed === undefined ? others : { ...body, value: completed }, report)
  return { ...input, generate: generation }
}
