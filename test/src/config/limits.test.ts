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

t.test('invalid limits', async (t) => {
  const refused = (limits: object, expected: RegExp): void => {
    t.throws(() => configFrom({ ...declared, limits }), { message: expected })
  }
  const [burst, environment, both] = [/^limits\.burst: .*at most one hour of requests at the average rate$/, /^limits\.perEnvironment: .*more than the limits of a caller$/, /burst.*\n.*caller$/]
  refused({ burst: 99, perEnvironment: { burst: 2_000 } }, burst)
  refused({ burst: 100 * 60 * 60 + 1, perEnvironment: { burst: 600_000 } }, burst)
  refused({ unauthenticated: { requestsPerSecond: 10, burst: 5 } }, /^limits\.unauthenticated\.burst: /)
  refused({ perEnvironment: { burst: 10 } }, both)
  refused({ perEnvironment: { requestsPerSecond: 100, burst: 400 } }, environment)
  refused({ perEnvironment: { requestsPerSecond: 200, burst: 200 } }, environment)
  t.match(configFrom({ ...declared, limits: { perEnvironment: { requestsPerSecond: 101, burst: 201 } } }), { limits: { environment: { requests: 201 } } })
})
