import { getOrCreate } from '#src/collections/get-or-create'
import type { After } from '#src/scheduling/alarms'

/** How long an item waits for others of its group. */
export interface Patience {
  /** The maximum time, in milliseconds. */
  readonly longest: number
  /** True if the item waits only while other items of its group are under way or expected. */
  readonly isUrgent: boolean
}

/** Collects items, and sends those of a group together. */
export interface Gathering<Item> {
  /** Adds an item to a group. All items of a group have the same patience. */
  add: (group: string, item: Item, patience: Patience) => void
  /** Announces an item. Returns a function that must be called when it has been added, or will not be. */
  expect: (group: string) => () => void
}

interface Group<Item> {
  readonly waiting: Item[]
  isUrgent: boolean
  /** The number of calls of `send` that have not been answered yet. */
  underWay: number
  expected: number
  isReviewed: boolean
  cancel: (() => void) | undefined
}

/**
 * Creates a gathering. The items of a group are sent together:
 *
 * - as soon as there are enough of them,
 * - otherwise, if they are urgent, as soon as no other item of the group is under way or expected, so a lone item does not wait,
 * - otherwise, when the first of them has waited for the `longest` time.
 *
 * @param size the maximum number of items that are sent together
 * @param send sends items, and resolves when they are answered; it never rejects
 */
export function createGathering<Item> (
  size: number, send: (items: readonly Item[]) => Promise<void>, after: After
): Gathering<Item> {
  const groups = new Map<string, Group<Item>>()

  const groupOf = (key: string): Group<Item> => getOrCreate(groups, key, () =>
    ({ waiting: [], isUrgent: false, underWay: 0, expected: 0, isReviewed: false, cancel: undefined }))

  function sendSome (key: string, group: Group<Item>): void {
    const items = group.waiting.splice(0, size)
    if (group.waiting.length === 0) {
      group.cancel?.()
      group.cancel = undefined
    }
    group.underWay += 1
    void send(items).then(() => {
      group.underWay -= 1
      review(key, group)
    })
  }

  function review (key: string, group: Group<Item>): void {
    const { waiting } = group
    while (waiting.length >= size) sendSome(key, group)
    const isDue = group.isUrgent && group.underWay + group.expected === 0
    if (waiting.length > 0 && isDue) sendSome(key, group)
    if (waiting.length + group.underWay + group.expected === 0) groups.delete(key)
  }

  /** Reviews a group at the end of this iteration of the event loop, so that items added together are sent together. */
  function reviewSoon (key: string, group: Group<Item>): void {
    if (group.isReviewed) return
    group.isReviewed = true
    setImmediate(() => {
      group.isReviewed = false
      review(key, group)
    })
  }

  return {
    add (key, item, { longest, isUrgent }) {
      const group = groupOf(key)
      group.isUrgent = isUrgent
      group.waiting.push(item)
      group.cancel ??= after(longest, () => {
        while (group.waiting.length > 0) sendSome(key, group)
      })
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
