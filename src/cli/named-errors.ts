import { GatewayProblem } from '#src/client/problems'
import { isJsonObject } from '#src/json/lossless'
import { pointerTokens } from '#src/json/pointer'

/**
 * Waits for a request whose body lists secrets. If the gateway refuses the body, the errors name the secrets instead of their
 * positions, because the user does not know the body that the command has composed.
 */
export async function namingSecrets<T> (body: object, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    if (!(error instanceof GatewayProblem)) throw error
    throw Object.assign(error, { errors: error.errors.map((each) => ({ ...each, pointer: placeOf(each.pointer, body) })) })
  }
}

/** Returns the place of an error, such as `payments/db: value/host`. Without a secret's name, it is the pointer itself. */
function placeOf (pointer: string, body: object): string {
  const [list = '', index, ...rest] = pointerTokens(pointer) ?? []
  const listed = (body as Record<string, unknown>)[list]
  const item: unknown = Array.isArray(listed) ? listed[Number(index)] : undefined
  const name = isJsonObject(item) ? item.name : item
  if (typeof name !== 'string' || name === '') return pointer
  return rest.length === 0 ? name : `${name}: ${rest.join('/')}`
}
