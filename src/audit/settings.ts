export interface AuditSettings {
  /** The trail's file. Defaults to `audit.jsonl` in the data folder. */
  readonly file?: string
  /** `written`: records survive a crash of the process. `synced`: they are flushed to disk and survive a crash of the machine. */
  readonly durability: 'written' | 'synced'
  /** The file of the signing key. By default a key is generated in the data folder. */
  readonly keyFile?: string
  /** Milliseconds that a write may take before the requests that wait for it are refused. */
  readonly writeTimeout: number
}

/** The file name that stands for standard output. */
export const standardOutput = '-'

/** Thrown if the trail can't use the configured file or key, and a retry would not help. */
export class UnusableTrail extends Error {
  override readonly name = 'UnusableTrail'
  readonly issue: { readonly key: string, readonly found: string, readonly expected: string }

  constructor (key: string, found: string, expected: string) {
    super(`${key}: found ${found}, expected ${expected}`)
    this.issue = { key, found, expected }
  }
}
