/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** The cursor of the next page; absent on the last page. */
  readonly nextCursor?: string
}

/**
 * Yields the items of all pages of a list. Requests a page only when the previous page is used up, so an iteration that ends
 * early requests no more pages than it needs.
 *
 * @param request requests a page. `place` has the cursor of the page, and is empty for the first page
 * @throws whatever `request` throws
 *
 * @example
 * const secrets = itemsOf(async (place) => reply(gateway.GET('/environments/{env}/secrets', {
 *   params: { path: { env: 'prod' }, query: { namePrefix: 'payments/', ...place } }
 * })))
 * for await (const { name } of secrets) console.log(name)
 *
 * @example
 * // A list that is requested with POST has its cursor in the body.
 * const values = itemsOf(async (place) => reply(gateway.POST('/environments/{env}/values', {
 *   params: { path: { env: 'prod' } }, body: { filters: { namePrefix: 'payments/' }, ...place }
 * })))
 */
export async function* itemsOf<Item> (
  request: (place: { cursor?: string }) => Promise<Page<Item>>
): AsyncGenerator<Item, undefined> {
  let place: { cursor?: string } = {}
  for (;;) {
    const { items, nextCursor } = await request(place)
    yield* items
    if (nextCursor === undefined) return
    place = { cursor: nextCursor }
  }
}
