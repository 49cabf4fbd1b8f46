import { GatewayUnreachable } from '#src/client/client'

/** One page of a list. */
interface Page<T> {
  items: readonly T[]
  nextCursor?: string | undefined
}

/**
 * Reads all pages of a list.
 *
 * @param read reads one page; its argument is the query parameter with the cursor, which the first page does not have
 * @throws GatewayUnreachable if a cursor comes twice, because the list would have no end
 */
export async function allItems<T> (read: (query: { cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  const seen = new Set<string>()
  let query: { cursor?: string } = {}
  for (;;) {
    const { items: more, nextCursor } = await read(query)
    for (const item of more) items.push(item)
    if (nextCursor === undefined) return items
    if (seen.has(nextCursor)) throw new GatewayUnreachable('The gateway sent the same cursor twice, so the list has no end')
    seen.add(nextCursor)
    query = { cursor: nextCursor }
  }
}
