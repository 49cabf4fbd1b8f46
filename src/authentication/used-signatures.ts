/** Signatures that have been used, each until it is too old to be taken anyway. */
export interface UsedSignatures {
  /**
   * Takes a signature, once.
   *
   * @param until milliseconds since the epoch
   * @returns how it went; `full` where no more can be remembered, and so none can be taken
   */
  take: (signature: string, until: number, now: number) => 'taken' | 'used' | 'full'
  /** Gives one back that has proved nothing. */
  release: (signature: string) => void
}

/** @param capacity how many are remembered at most */
export function usedSignatures (capacity = 100_000): UsedSignatures {
  const used = new Map<string, number>()
  return {
    take (signature, until, now) {
      if (used.has(signature)) return 'used'
      if (used.size >= capacity) forget(used, now)
      if (used.size >= capacity) return 'full'
      used.set(signature, until)
      return 'taken'
    },
    release: (signature) => { used.delete(signature) }
  }
}

function forget (used: Map<string, number>, now: number): void {
  for (const [signature, until] of used) {
    if (until < now) used.delete(signature)
  }
}
