import { reply, type GatewayClient, type Schemas } from '#src/client/client'
import { compact } from '#src/json/compact'
import { allItems } from './pages.ts'

/** The selection of secrets to list. */
export interface ListSelection {
  prefix?: string | undefined
  /** True to include secrets that are scheduled for deletion. */
  deleted?: boolean | undefined
}

/**
 * Lists the secrets of an environment by name.
 *
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function listSecrets (gateway: GatewayClient, env: string, { prefix, deleted }: ListSelection): Promise<{
  secrets: Schemas['SecretMetadata'][]
  /** The number of secrets that were left out because of their names. */
  unaddressable: number
}> {
  let unaddressable = 0
  const secrets = await allItems(async (cursor) => {
    const page = await reply(gateway.GET('/environments/{env}/secrets', {
      params: {
        path: { env },
        query: { limit: 100, sort: 'name' as const, ...compact({ namePrefix: prefix, includePlannedDeletion: deleted }), ...cursor }
      }
    }))
    unaddressable += page.unaddressable ?? 0
    return page
  })
  return { secrets, unaddressable }
}
