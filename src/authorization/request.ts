import type { Context, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs'
import type { Question } from './decision.ts'

/** The arguments of Cedar's authorization call. */
export interface CedarRequest {
  principal: TypeAndId
  action: TypeAndId
  resource: TypeAndId
  context: Context
  entities: EntityJson[]
}

/** Returns an entity reference. Any text is a valid ID, except one with an unpaired surrogate, which Cedar can't represent. */
function entity (type: string, id: string): TypeAndId {
  if (!id.isWellFormed()) throw new TypeError('An ID is not well-formed Unicode')
  return { type, id }
}

/**
 * Builds the request to Cedar. Copies the question's members one by one. If the whole object were passed on, it could contain a
 * member such as `__entity`, which Cedar would interpret.
 *
 * @throws TypeError if an ID is not well-formed Unicode
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

/** Returns the environment's entity, preceded by the secret's entity if a name is given. */
function resourcesIn (environment: string, name?: string): Resource[] {
  const parent = { uid: entity('Environment', environment), attrs: { environment }, parents: [] }
  if (name === undefined) return [parent]
  // An environment's name has no slash, so no two secrets have the same ID.
  return [{ uid: entity('Secret', `${environment}/${name}`), attrs: { environment, name }, parents: [parent.uid] }, parent]
}
