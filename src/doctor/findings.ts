/** The possible results of a check, from best to worst. */
export const statuses = ['ok', 'not-tried', 'warning', 'failure'] as const

export type Status = (typeof statuses)[number]

/** The finding of a check. It contains no key and no secret's value. */
export interface Finding {
  readonly status: Status
  /** The subject of the check, such as `credential base`. */
  readonly subject: string
  readonly check: 'keys' | 'identity' | 'endpoint' | 'clock' | 'account' | 'rights' | 'quota' | 'limits'
  /** The result, in plain words. */
  readonly message: string
  /** The next step for the user. */
  readonly next?: string
}

/** Returns the number of findings with each status. */
export const countsOf = (findings: readonly Finding[]): Record<Status, number> => Object.fromEntries(
  statuses.map((status) => [status, findings.filter((finding) => finding.status === status).length])) as Record<Status, number>

/** Clocks for the checks. `now` is the wall clock. */
export interface Clocks {
  readonly now: () => number
  readonly monotonic: () => number
}
