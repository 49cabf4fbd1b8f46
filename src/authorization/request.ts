import type { Context, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import type { Question } from './decision.ts'

/** A question in Cedar's form. */
export interface CedarRequest {
  principal: TypeAndId
  action: TypeAndId
  resource: TypeAndId
  context: Context
  entities: EntityJson[]
}

/** No character has a meaning in an entity's ID. But Cedar knows no halves of characters, which JavaScript and JSON do. */
function entity (type: string, id: string): TypeAndId {
  if (!id.isWellFormed()) throw new TypeError('An ID is not well-formed Unicode')
  return { type, id }
}

/**
 * Builds the request from the known members of a question, one by one: an object that came from elsewhere could have members such
 * as `__entity`, which Cedar interprets.
 *
 * @throws TypeError for a text that Cedar can't hold
 */
export function cedarRequest ({ caller, action, credentialId, environment, name }: Question): CedarRequest {
  const principal = entity('Caller', caller.id)
  const credential = entity('Credential', credentialId)
  const resources = environment === undefined ? [] : resourcesIn(environment, name)
  return {
    principal,
    action: entity('Action', action),
    resource: resources[0]?.uid ?? credential,
    context: { credential: { __entity: credential } },
    entities: [
      {
        uid: principal,
        attrs: { id: principal.id, method: { __entity: entity('Method', caller.method) } },
        parents: [...new Set(caller.groups)].map((group) => entity('Group', group))
      },
      ...resources
    ]
  }
}

interface Resource {
  uid: TypeAndId
  attrs: Record<string, string>
  parents: TypeAndId[]
}

/** The secret, if one is named, and the environment. */
function resourcesIn (environment: string, name?: string): Resource[] {
  const parent = { uid: entity('Environment', environment), attrs: { environment }, parents: [] }
  if (name === undefined) return [parent]
  // An environment's name has no slash, so no two secrets have the same ID.
  return [{ uid: entity('Secret', `${environment}/${name}`), attrs: { environment, name }, parents: [parent.uid] }, parent]
}
