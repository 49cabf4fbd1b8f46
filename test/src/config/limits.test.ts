import t from 'tap'
import { configFrom } from '#src/config/config'
import { limitsFrom } from '#src/config/limits'
import { declared } from '#test/helper'

t.test('default limits', async (t) => {
  t.same(limitsFrom({}), {
    caller: { requests: 200, window: 2_000 },
    environment: { requests: 2_000, window: 2_000 },
    refresh: { requests: 100, window: 10_000 },
    address: { requests: 200, window: 20_000 }
  })
  t.same(limitsFrom({ requestsPerSecond: 0.25, burst: 5 }), {
    caller: { requests: 5, window: 20_000 },
    environment: { requests: 50, window: 20_000 },
    refresh: { requests: 100, window: 10_000 },
    address: { requests: 200, window: 20_000 }
  })
})

t.test('a burst without a rate lowers the rate, so that the burst lasts for at least a second', async (t) => {
  t.match(limitsFrom({ burst: 10 }), { caller: { requests: 10, window: 1_000 }, environment: { requests: 100, window: 1_000 } })
  t.match(limitsFrom({ burst: 500 }), { caller: { requests: 500, window: 5_000 } }, 'a higher burst does not raise the rate')
  t.match(limitsFrom({ refreshes: { burst: 3 }, unauthenticated: { burst: 5 } }), {
    refresh: { requests: 3, window: 1_000 }, address: { requests: 5, window: 1_000 }
  })
  t.match(configFrom({ ...declared, limits: { burst: 10 } }).limits, limitsFrom({ burst: 10 }), 'this is a valid configuration')
})

t.test('invalid limits', async (t) => {
  const refused = (limits: object, expected: RegExp): void => {
    t.throws(() => configFrom({ ...declared, limits }), { message: expected })
  }
  const [burst, environment, both] = [/^limits: .*at most one hour of requests$/, /^limits\.perEnvironment: .*more than the limits of a caller$/, /^limits\.perEnvironment: found a burst of .*\n.*caller$/]
  refused({ requestsPerSecond: 100, burst: 99, perEnvironment: { burst: 2_000 } }, burst)
  refused({ burst: 100 * 60 * 60 + 1, perEnvironment: { burst: 600_000 } }, burst)
  refused({ unauthenticated: { requestsPerSecond: 10, burst: 5 } }, /^limits\.unauthenticated: found a burst of 5 requests, at the average rate 0\.5 seconds of requests, expected/)
  refused({ perEnvironment: { requestsPerSecond: 100, burst: 10 } }, both)
  refused({ perEnvironment: { burst: 10 } }, environment)
  refused({ perEnvironment: { requestsPerSecond: 100, burst: 400 } }, environment)
  refused({ perEnvironment: { requestsPerSecond: 200, burst: 200 } }, environment)
  t.match(configFrom({ ...declared, limits: { perEnvironment: { requestsPerSecond: 101, burst: 201 } } }), { limits: { environment: { requests: 201 } } })
})
