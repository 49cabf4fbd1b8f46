/** The signals with which a user or a supervisor terminates a program. */
export const terminationSignals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']

/**
 * Calls a function before the process exits, even if a signal terminates the process.
 *
 * @param cleanUp the function, which must be synchronous
 * @param isIgnored returns true for a signal that must not terminate the process
 * @returns a function that cancels the clean-up
 */
export function cleanUpOnExit (cleanUp: () => void, isIgnored: (signal: NodeJS.Signals) => boolean = () => false): () => void {
  const end = (signal: NodeJS.Signals): void => {
    if (isIgnored(signal)) return
    cancel()
    cleanUp()
    // Terminates the process as the signal would have, so that its parent sees the signal.
    process.kill(process.pid, signal)
  }
  const cancel = (): void => {
    process.off('exit', cleanUp)
    for (const signal of terminationSignals) process.off(signal, end)
  }
  process.once('exit', cleanUp)
  for (const signal of terminationSignals) process.on(signal, end)
  return cancel
}
