import { GatewayUnreachable } from '#src/client/client'

/** One page of a list. */
interface Page<T> {
  items: readonly T[]
  nextCursor?: string | undefined
}

/**
 * Reads all pages of a list.
 *
 * @param read reads one page. Its argument contains the page's cursor; for the first page, it contains none.
 * @throws GatewayUnreachable if the gateway sends the same cursor twice, because the list would then have no end
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
