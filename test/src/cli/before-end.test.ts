import t from 'tap'
import { beforeEnd } from '#src/cli/before-end'
import { until } from '#test/until'

t.test('tidies up before a signal ends the process', async (t) => {
  // With a listener of its own, the test outlives the signal.
  let received = 0
  const listener = (): void => { received++ }
  for (const signal of ['SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, listener)
    t.teardown(() => process.off(signal, listener))
  }
  let tidied = 0
  const tidy = (): void => { tidied++ }
  beforeEnd(tidy, (signal) => signal === 'SIGQUIT')
  process.kill(process.pid, 'SIGQUIT')
  await until(() => received === 1)
  t.equal(tidied, 0, 'a signal that is ignored')
  process.kill(process.pid, 'SIGHUP')
  await until(() => received === 3)
  t.equal(tidied, 1, 'the signal arrives again, and nothing is left to tidy up')

  beforeEnd(tidy)()
  process.kill(process.pid, 'SIGHUP')
  await until(() => received === 4)
  t.equal(tidied, 1, 'withdrawn')
})
