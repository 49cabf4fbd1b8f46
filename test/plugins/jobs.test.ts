import t from 'tap'
import { caller } from '#src/authentication/caller'
import { createJobStore } from '#src/jobs/shared/store'
import { startFleet } from '#test/fleet'
import { skip } from '#test/redis'
import { connect } from '#test/src/jobs/forms'
import { quick } from '#test/src/jobs/requests'
import { until } from '#test/until'

t.test('a job of an environment that no replica knows ends as forbidden', { skip }, async (t) => {
  const { redis } = await startFleet(t, 2)
  const shared = await connect(t, redis, { fleet: 'secrets-gateway' })
  const store = createJobStore(shared, { key: Buffer.alloc(32, 'k'), now: Date.now })
  const origin = { caller: caller('api-key', 'c'), requestId: 'r', environment: 'gone', credentialId: 'local-dev' }
  const { job, owned } = await store.start(origin, quick(1).plan())
  if (owned !== undefined) await store.release(owned)
  await until(async () => (await store.read('c', job.id))?.state === 'ended', 100)
  t.match(await store.read('c', job.id), { problem: { code: 'forbidden' }, done: 0 })
})
