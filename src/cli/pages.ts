import { GatewayUnreachable } from '#src/client/client'

/** One page of a list. */
interface Page<T> {
  items: readonly T[]
  nextCursor?: string | undefined
}

/** The maximum number of pages. AWS allows 500,000 secrets in a region, which are 5,000 pages of 100. */
const maximumPages = 10_000

/** The maximum number of consecutive pages without items. The gateway sends an empty page if AWS does. */
const maximumEmptyPages = 100

/**
 * Reads all pages of a list.
 *
 * @param read reads one page. Its argument contains the page's cursor; for the first page, it contains none.
 * @throws GatewayUnreachable if the gateway sends the same cursor twice or too many pages, because the list may then have no end
 */
export async function allItems<T> (read: (query: { cursor?: string }) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  const seen = new Set<string>()
  let query: { cursor?: string } = {}
  let emptyPages = 0
  for (;;) {
    const { items: more, nextCursor } = await read(query)
    for (const item of more) items.push(item)
    if (nextCursor === undefined) return items
    if (seen.has(nextCursor)) throw new GatewayUnreachable('The gateway sent the same cursor twice, so the list has no end')
    seen.add(nextCursor)
    emptyPages = more.length === 0 ? emptyPages + 1 : 0
    if (emptyPages > maximumEmptyPages || seen.size >= maximumPages) throw new GatewayUnreachable('The gateway sent too many pages, so the list may have no end')
    query = { cursor: nextCursor }
  }
}
