import type { Policy } from './policies.ts'

/** A policy's reference to an entity. */
export interface Reference {
  readonly type: string
  readonly id: string
}

/** Returns the entities that a policy references, in its scope and in its conditions. */
export const referencesIn = ({ json }: Policy): Reference[] => [...walk(json)]

function* walk (node: unknown): Generator<Reference> {
  if (typeof node !== 'object' || node === null) return
  if ('type' in node && 'id' in node && typeof node.type === 'string' && typeof node.id === 'string') {
    yield { type: node.type, id: node.id }
    return
  }
  for (const member of Object.values(node)) yield* walk(member)
}
