/** The keyring of the operating system, which encrypts its entries: the Secret Service on Linux, or the Keychain of macOS. */
export interface Keyring {
  /** Returns the secret of an entry, or undefined if there is no such entry. */
  read: (entry: string) => Promise<string | undefined>
  write: (entry: string, secret: string) => Promise<void>
  /** Removes an entry, if it exists. */
  remove: (entry: string) => Promise<void>
}

/** The limits on the duration of a call, in milliseconds. */
export interface Limits {
  /** After this time, the user is told what the command waits for. */
  notice: number
  timeout: number
}

/** Thrown if there is no keyring, or if it can't be reached, as in a container or in many SSH sessions. */
export class NoKeyring extends Error {
  override readonly name = 'NoKeyring'
}

/** Thrown if there is a keyring, but a call to it fails, for example because the keyring is locked. */
export class KeyringFailure extends Error {
  override readonly name = 'KeyringFailure'
  /** True if the keyring may have carried out the call, because it has not answered. */
  readonly isUncertain: boolean

  constructor (message: string, isUncertain = false) {
    super(message)
    this.isUncertain = isUncertain
  }
}
