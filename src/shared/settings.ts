/** The settings of the state that several replicas of the gateway share, in Valkey or Redis. */
export interface SharedSettings {
  readonly host: string
  readonly port: number
  readonly database: number
  readonly tls: boolean
  /** The CA certificates that the server's certificate is verified with, in PEM. Defaults to Node.js's own list. */
  readonly authority?: string
  readonly username?: string
  /** Never logged. */
  readonly password?: string
  /** The key from which the replicas derive the names of keys, and with which they authenticate messages. */
  readonly key: Uint8Array
  /** The prefix of all keys and channels. Replicas with the same prefix and key form a fleet. */
  readonly fleet: string
  /** The time that a command may take, in milliseconds. */
  readonly timeout: number
  /** The number of replicas to assume until the server has reported how many there are. */
  readonly replicas: number
}

/** The size of `key`, in bytes. */
export const sharedKeyBytes = 32
