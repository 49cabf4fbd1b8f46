import { getOrCreate } from '#src/collections/get-or-create'
import type { After } from '#src/scheduling/timeouts'

/** The limits of an item's wait for other items of its group. */
export interface BatchWait {
  /** The longest time that the item waits, in milliseconds. */
  readonly longest: number
  /** True if the item waits only while other items of its group are under way or expected. */
  readonly isUrgent: boolean
}

/** Collects items, and sends the items of each group in batches. */
export interface Batcher<Item> {
  /** Adds an item to a group. All items of a group wait alike. */
  add: (group: string, item: Item, wait: BatchWait) => void
  /** Announces an item. Returns a function that must be called when it has been added, or will not be. */
  expect: (group: string) => () => void
}

interface Group<Item> {
  readonly waiting: Item[]
  isUrgent: boolean
  longest: number
  /** The number of calls of `send` that are in progress. */
  underWay: number
  expected: number
  /** The iterations of the event loop since the group last changed; undefined while they are not counted. */
  quiet: number | undefined
  cancel: (() => void) | undefined
}

/**
 * The iterations of the event loop for which a group must not change before its urgent items are sent in an incomplete batch.
 * Requests that arrive together are read from their connections over several iterations, so a short wait fills the batches. An
 * iteration of an idle event loop takes some microseconds, so a lone item is not delayed noticeably.
 */
const quietIterations = 3

/**
 * Creates a batcher. The items of a group are sent together:
 *
 * - as soon as there are enough of them,
 * - otherwise, if they are urgent, as soon as no other item of the group is under way, expected or arriving, so that a lone item
 *   does not wait,
 * - otherwise, when the first item has waited for the `longest` time.
 *
 * @param size the maximum number of items that are sent together
 * @param send sends items, and resolves when they are answered; it never rejects
 */
export function createBatcher<Item> (
  size: number, send: (items: readonly Item[]) => Promise<void>, after: After
): Batcher<Item> {
  const groups = new Map<string, Group<Item>>()

  const groupOf = (key: string): Group<Item> => getOrCreate(groups, key, () =>
    ({ waiting: [], isUrgent: false, longest: 0, underWay: 0, expected: 0, quiet: undefined, cancel: undefined }))

  function sendSome (key: string, group: Group<Item>): void {
    const items = group.waiting.splice(0, size)
    group.cancel?.()
    group.cancel = undefined
    // The remaining items are new, so their wait begins now.
    if (group.waiting.length > 0) limitWait(key, group)
    group.underWay += 1
    void send(items).then(() => {
      group.underWay -= 1
      reviewSoon(key, group)
    })
  }

  function limitWait (key: string, group: Group<Item>): void {
    group.cancel ??= after(group.longest, () => {
      while (group.waiting.length > 0) sendSome(key, group)
    })
  }

  /** Sends the items that are due. Returns true if more items will be due after further quiet iterations. */
  function review (key: string, group: Group<Item>, isQuiet: boolean): boolean {
    const { waiting } = group
    while (waiting.length >= size) sendSome(key, group)
    const isDue = waiting.length > 0 && group.isUrgent && group.underWay + group.expected === 0
    if (isDue && isQuiet) sendSome(key, group)
    if (waiting.length + group.underWay + group.expected === 0) groups.delete(key)
    return isDue && !isQuiet
  }

  /** Reviews a group after each iteration of the event loop, until no item needs more quiet iterations. */
  function reviewSoon (key: string, group: Group<Item>): void {
    const isCounting = group.quiet !== undefined
    group.quiet = 0
    if (isCounting) return
    const count = (): void => {
      group.quiet = (group.quiet ?? 0) + 1
      if (review(key, group, group.quiet >= quietIterations)) setImmediate(count)
      else group.quiet = undefined
    }
    setImmediate(count)
  }

  return {
    add (key, item, { longest, isUrgent }) {
      const group = groupOf(key)
      group.isUrgent = isUrgent
      group.longest = longest
      group.waiting.push(item)
      limitWait(key, group)
      reviewSoon(key, group)
    },
    expect (key) {
      const group = groupOf(key)
      group.expected += 1
      return () => {
        group.expected -= 1
        reviewSoon(key, group)
      }
    }
  }
}
