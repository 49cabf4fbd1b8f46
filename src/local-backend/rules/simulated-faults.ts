/** Delays and failures that AWS has, and that a backend can simulate. */
export interface SimulatedFaults {
  /** Returns the milliseconds for which a secret's name stays in use after a deletion without recovery. */
  forcedDeletionDelay: () => number
  /** Returns the milliseconds that a replication takes. */
  replicationDelay: () => number
  /** Returns true if a replication fails because of a fault in AWS. */
  replicationFails: () => boolean
  /** Returns true if a rotation function can't be called at the moment. */
  rotationStepFails: () => boolean
  /** Returns the number of entries to put on a page of a list. `maxResults` is the number that the request asks for. */
  pageLength: (maxResults: number) => number
}

/** No delays and no failures. */
export const noFaults: SimulatedFaults = {
  forcedDeletionDelay: () => 0,
  replicationDelay: () => 0,
  replicationFails: () => false,
  rotationStepFails: () => false,
  pageLength: (maxResults) => maxResults
}
