import { isDeepStrictEqual } from 'node:util'
import type { SecretDecision } from '#src/audit/secret-outcome'
import { getOrCreate } from '#src/collections/get-or-create'

/** The decisions of a request that are not yet part of a record. */
export interface UnrecordedDecisions {
  /** Returns the number of denials that `addFound` counted without keeping them. */
  unlisted: () => number
  /** Adds a decision about something that the request names. Ignores repeated decisions. */
  add: (decision: SecretDecision) => void
  /**
   * Adds a decision about a secret that AWS listed, but that the request does not name. Beyond a limit, denials are only counted,
   * because an environment may have any number of secrets, and listing them costs a caller nothing.
   */
  addFound: (decision: SecretDecision) => void
  /** Removes and returns the decisions on a secret. */
  take: (secret: Subject) => readonly SecretDecision[]
  /** Returns the decisions that `take` has not removed, as one list per secret. */
  rest: () => Iterable<readonly SecretDecision[]>
}

/** The members of a decision or an outcome that identify the secret it is about. */
type Subject = Pick<SecretDecision, 'environment' | 'name' | 'replicaOf'>

/** The maximum number of recorded denials for secrets that the request does not name. */
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
 * Returns a key for the secret that an outcome or a decision belongs to. With `replicaOf`, a decision belongs to the replicated
 * secret.
 */
const secretOf = ({ environment = '', name = '', replicaOf }: Subject): string =>
  replicaOf === undefined ? `${environment} ${name}` : ` ${replicaOf}`
