/** How the trail is kept. */
export interface AuditSettings {
  /** Where it is written; in the data folder where absent. */
  readonly file?: string
  /** What a record has to be: with the operating system, so that it outlives the process, or on the disk. */
  readonly durability: 'written' | 'synced'
  /** The key that signs it; made in the data folder where absent. */
  readonly keyFile?: string
  /** Milliseconds that a write may take, before what waits for it is refused. */
  readonly patience: number
}

/** The name of the file that stands for standard output. */
export const standardOutput = '-'

/** The trail can't be written where, or signed with what, the configuration says, and no waiting would help. */
export class UnusableTrail extends Error {
  override readonly name = 'UnusableTrail'
  readonly issue: { readonly key: string, readonly found: string, readonly expected: string }

  constructor (key: string, found: string, expected: string) {
    super(`${key}: found ${found}, expected ${expected}`)
    this.issue = { key, found, expected }
  }
}
