import type { GatewayClient } from './gateway-client.ts'
import { GatewayUnreachable } from './problems.ts'

/** Selects the version and the field to read, and limits the age of the value. */
export interface ReadOptions {
  /** The ID of a version. Without it and `versionStage`, the current version is read. */
  versionId?: string
  /** A staging label, such as `AWSPREVIOUS`. */
  versionStage?: string
  /** One field of the value: a key, or a JSON pointer such as `/hosts/0`. */
  field?: string
  /**
   * The maximum age, in seconds, of a value from the gateway's cache. With 0, the gateway calls AWS. By default, the gateway
   * decides.
   */
  maximumAge?: number
  /** Ends the request when it is aborted. The promise then rejects with the signal's reason. */
  signal?: AbortSignal
}

/** The options of a read whose JSON is checked. */
export interface JsonOptions<T> extends ReadOptions {
  /** Checks the JSON and returns it with its type, or throws. An example is the method `parse` of a Zod schema. */
  check: (json: unknown) => T
}

/**
 * Reads a secret whose value is JSON, and returns the JSON.
 *
 * The type is what `check` returns. Without `check`, the caller states the type, which is not checked.
 *
 * @throws GatewayProblem `value-not-json` if the value is not JSON, and any other problem of a read
 * @throws GatewayUnreachable, and whatever `check` throws
 *
 * @example
 * const { username, password } = await readJson<{ username: string, password: string }>(gateway, 'prod', 'payments/db')
 *
 * @example
 * // With a schema that checks the JSON, and a cache hint: the value may be a minute old.
 * const database = await readJson(gateway, 'prod', 'payments/db', { check: Database.parse, maximumAge: 60 })
 *
 * @example
 * // Gives up after two seconds.
 * const port = await readJson<number>(gateway, 'prod', 'payments/db', { field: 'port', signal: AbortSignal.timeout(2_000) })
 */
export async function readJson<T> (gateway: GatewayClient, env: string, name: string, options: JsonOptions<T>): Promise<T>
export async function readJson<T = unknown> (gateway: GatewayClient, env: string, name: string, options?: ReadOptions): Promise<T>
export async function readJson<T> (
  gateway: GatewayClient, env: string, name: string, options: ReadOptions & Partial<JsonOptions<T>> = {}
): Promise<T> {
  const { maximumAge, signal, check = (json) => json as T, ...query } = options
  const { data } = await gateway.GET('/environments/{env}/secrets/{name}', {
    params: {
      path: { env, name },
      query: {
        ...query.versionId !== undefined && { versionId: query.versionId },
        ...query.versionStage !== undefined && { versionStage: query.versionStage },
        ...query.field !== undefined && { field: query.field },
        parse: true
      },
      header: { ...maximumAge !== undefined && { 'cache-control': `max-age=${maximumAge}` } }
    },
    headers: { accept: 'application/json' },
    ...signal !== undefined && { signal }
  })
  if (data === undefined || !('json' in data)) throw new GatewayUnreachable('The reply has no JSON of the value')
  return check(data.json)
}
