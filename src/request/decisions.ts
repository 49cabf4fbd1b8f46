import { isDeepStrictEqual } from 'node:util'
import type { SecretDecision } from '#src/audit/secret-outcome'
import { getOrCreate } from '#src/collections/get-or-create'

/** The decisions of a request that are not yet part of a record. */
export interface UnrecordedDecisions {
  /** Returns the number of denials that `addFound` counted but did not keep. */
  unlisted: () => number
  /** Keeps a decision about something that the request names. Repetitions of a decision are not kept. */
  add: (decision: SecretDecision) => void
  /**
   * Keeps a decision about a secret that AWS listed, but that the request does not name. Beyond a limit, denials are only
   * counted, because an environment may have any number of secrets, and it costs a caller nothing to list them.
   */
  addFound: (decision: SecretDecision) => void
  /** Removes and returns the decisions on a secret. */
  take: (secret: Subject) => readonly SecretDecision[]
  /** Returns the decisions that `take` has not removed, in a list for each secret. */
  rest: () => Iterable<readonly SecretDecision[]>
}

/** The members of a decision or an outcome that identify the secret it is about. */
type Subject = Pick<SecretDecision, 'environment' | 'name' | 'replicaOf'>

/** The maximum number of denials that are kept on secrets which the request does not name. */
export const mostFoundDenials = 1_000

export function unrecordedDecisions (): UnrecordedDecisions {
  // Created by the first decision, because most requests have none.
  let bySecret: Map<string, SecretDecision[]> | undefined
  let foundDenials = 0
  let unlisted = 0

  const isKept = (decision: SecretDecision): boolean =>
    bySecret?.get(secretOf(decision))?.some((one) => isDeepStrictEqual(one, decision)) ?? false

  function add (decision: SecretDecision): void {
    if (isKept(decision)) return
    bySecret ??= new Map()
    getOrCreate(bySecret, secretOf(decision), (): SecretDecision[] => []).push(decision)
  }

  return {
    unlisted: () => unlisted,
    add,
    addFound (decision) {
      if (isKept(decision)) return
      if (!decision.allowed && foundDenials === mostFoundDenials) {
        unlisted += 1
        return
      }
      add(decision)
      if (!decision.allowed) foundDenials += 1
    },
    take (secret) {
      const key = secretOf(secret)
      const taken = bySecret?.get(key) ?? []
      bySecret?.delete(key)
      return taken
    },
    rest: () => bySecret?.values() ?? []
  }
}

/**
 * Returns a key for the secret that an outcome or a decision belongs to. A decision with `replicaOf` belongs to the secret that
 * `replicaOf` names.
 */
const secretOf = ({ environment = '', name = '', replicaOf }: Subject): string =>
  replicaOf === undefined ? `${environment} ${name}` : ` ${replicaOf}`
