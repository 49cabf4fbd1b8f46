import t from 'tap'
import { Problem } from '#src/problems/problem'
import { pauseAfter } from '#src/shared/connection'
import { failureOf, isRefusal, isUnknownScript, unavailable } from '#src/shared/failures'
import { TimeoutExceeded, within } from '#src/shared/time-limit'

t.test('the beginning of an error distinguishes failures of the server, of the connection and timeouts', async (t) => {
  for (const [message, failure] of [
    ['LOADING Redis is loading the dataset in memory', 'unusable'], ['READONLY You can\'t write against a read only replica.', 'unusable'],
    ['WRONGPASS invalid username-password pair', 'unusable'], ['READONLYX', 'unreachable'],
    ['ERR the server is LOADING', 'refused'], ['WRONGTYPE Operation against a key', 'refused'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'unreachable'], ['the server is LOADING', 'unreachable'], ['Socket closed unexpectedly', 'unreachable']
  ] as const) t.equal(failureOf(new Error(message)), failure, message)
  t.equal(failureOf(new TimeoutExceeded('ERR')), 'slow')
  t.equal(failureOf('LOADING'), 'unreachable', 'no error')
})

t.test('only the server\'s own refusals are refusals', async (t) => {
  t.equal(isUnknownScript(new Error('NOSCRIPT No matching script.')), true)
  t.equal(isUnknownScript(new Error('ERR NOSCRIPT')), false)
  t.equal(isUnknownScript({ message: 'NOSCRIPT' }), false)
  t.equal(isRefusal(unavailable('refused')), true)
  t.equal(isRefusal(unavailable('slow')), false)
  t.equal(isRefusal(new Problem('overloaded', { reason: 'shared-state-refused' })), false)
})

t.test('the pauses between attempts to connect double, up to two seconds, and replicas differ', async (t) => {
  t.same([0, 1, 2, 4, 5, 50].map((failures) => pauseAfter(failures, 1)), [100, 200, 400, 1_600, 2_000, 2_000])
  t.equal(pauseAfter(0, 0), 50)
  t.equal(pauseAfter(9, 0.5), 1_500)
})

t.test('a promise that is settled in time leaves no timer behind', async (t) => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  t.equal(await within(60_000, Promise.resolve(1)), 1)
  await t.rejects(within(60_000, Promise.reject(new Error('canary'))), /canary/)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(timers(), before)
  await t.rejects(within(1, new Promise(() => undefined)), { name: 'TimeoutExceeded' })
})
