import { createHash } from 'node:crypto'
import { shapes } from '#src/aws-model/shapes'
import type { ListRequest } from '#src/aws/port'
import type { SecretMetadata } from '#src/aws/secret'
import type { Action } from '#src/authorization/actions'
import type { AnyName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { Place } from './cursors.ts'
import { permittedFound } from './permitted.ts'
import type { Scope } from './scope.ts'
import { selects } from './selection.ts'

/** A secret in a list, and the place of a page that begins with this secret. */
export interface Visible {
  secret: SecretMetadata<AnyName>
  /** This is a function, so that the place is computed only for the first secret of a page. */
  place: () => Place
}

/**
 * Yields the secrets that match the filters exactly and on which the caller may perform all of the actions. Requests AWS's pages
 * one by one, and always with the maximum size, so that they do not depend on the gateway's pages.
 *
 * @param start the place of the first secret
 * @throws Problem for any AWS error
 */
export async function* visibleSecrets (
  scope: Scope, request: Omit<ListRequest, 'limit' | 'cursor'>, actions: readonly Action[], start: Place
): AsyncGenerator<Visible, undefined> {
  let awsPlace = start
  for (;;) {
    const { pages, nextCursor } = await readPages(scope, request, awsPlace)
    const visible = await Promise.all(pages.map(async ({ awsPage, items }) => {
      const secrets = await visibleOf(scope, actions, items.filter((secret) => selects(request.filters ?? {}, secret)))
      return secrets.map((secret, index): Visible =>
        ({ secret, place: () => compact({ awsPage, seen: index, last: digestOf(secrets[index - 1]) }) }))
    }))
    yield* visible.flat().slice(firstOn(visible.flat().map(({ secret }) => secret), awsPlace))
    if (nextCursor === undefined) return undefined
    awsPlace = { awsPage: nextCursor, seen: 0 }
  }
}

interface AwsPage {
  /** AWS's token for the page. Absent for the first page. */
  awsPage: string | undefined
  items: SecretMetadata<AnyName>[]
}

/**
 * Reads AWS's page at a place. For the same `NextToken`, AWS may return a shorter page than before, and move the rest to the
 * following pages. So if an earlier page of the gateway ended within AWS's page, the following pages are read, too, until there
 * are as many secrets as a page can have.
 */
async function readPages (
  scope: Scope, request: Omit<ListRequest, 'limit' | 'cursor'>, { awsPage, last }: Place
): Promise<{ pages: AwsPage[], nextCursor: string | undefined }> {
  const limit = shapes.MaxResultsType.max
  const pages: AwsPage[] = []
  let count = 0
  let cursor = awsPage
  do {
    const page = await scope.aws.listSecrets(scope, { ...request, limit, cursor })
    pages.push({ awsPage: cursor, items: page.items })
    count += page.items.length
    cursor = page.nextCursor
  } while (last !== undefined && count < limit && cursor !== undefined)
  return { pages, nextCursor: cursor }
}

async function visibleOf (
  scope: Scope, actions: readonly Action[], secrets: readonly SecretMetadata<AnyName>[]
): Promise<SecretMetadata<AnyName>[]> {
  let names = secrets.map(({ name }) => name)
  for (const action of actions) names = [...await permittedFound(scope, action, names)]
  const visible = new Set(names)
  return secrets.filter(({ name }) => visible.has(name))
}

/**
 * Returns the index of the first secret that is not on an earlier page of the gateway. If the last secret on the earlier pages is
 * no longer on AWS's page, the secret after it has moved to its index.
 */
function firstOn (visible: readonly SecretMetadata<AnyName>[], { seen, last }: Place): number {
  if (last === undefined) return 0
  const index = visible.findIndex((secret) => digestOf(secret) === last)
  return index === -1 ? seen - 1 : index + 1
}

/** Returns a digest of the secret's name. Unlike the name, it has the same length for all secrets. */
const digestOf = (secret: { name: AnyName } | undefined): string | undefined =>
  secret && createHash('sha256').update(secret.name).digest('base64url')
