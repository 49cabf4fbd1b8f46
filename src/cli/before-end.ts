/** The signals with which a user or a supervisor ends a program. */
const endingSignals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']

/**
 * Tidies up before the process ends, also if a signal ends it.
 *
 * @param isIgnored returns true for a signal that is not to end the process
 * @returns a function that withdraws this, for when there is nothing left to tidy up
 */
export function beforeEnd (tidy: () => void, isIgnored: (signal: NodeJS.Signals) => boolean = () => false): () => void {
  const end = (signal: NodeJS.Signals): void => {
    if (isIgnored(signal)) return
    withdraw()
    tidy()
    // Ends the process as the signal would have done, so that its parent sees that.
    process.kill(process.pid, signal)
  }
  const withdraw = (): void => {
    process.off('exit', tidy)
    for (const signal of endingSignals) process.off(signal, end)
  }
  process.once('exit', tidy)
  for (const signal of endingSignals) process.on(signal, end)
  return withdraw
}
