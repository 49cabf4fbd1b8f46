import t from 'tap'
import { cleanUpOnExit } from '#src/cli/clean-up'
import { until } from '#test/until'

t.test('cleans up before a signal terminates the process', async (t) => {
  // With its own listener, the test outlives the signal.
  let received = 0
  const listener = (): void => { received++ }
  for (const signal of ['SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, listener)
    t.teardown(() => process.off(signal, listener))
  }
  let cleaned = 0
  const cleanUp = (): void => { cleaned++ }
  cleanUpOnExit(cleanUp, (signal) => signal === 'SIGQUIT')
  process.kill(process.pid, 'SIGQUIT')
  await until(() => received === 1)
  t.equal(cleaned, 0, 'a signal that is ignored')
  process.kill(process.pid, 'SIGHUP')
  await until(() => received === 3)
  t.equal(cleaned, 1, 'the signal arrives again, and there is nothing left to clean up')

  cleanUpOnExit(cleanUp)()
  process.kill(process.pid, 'SIGHUP')
  await until(() => received === 4)
  t.equal(cleaned, 1, 'cancelled')
})
