import t from 'tap'
import { createSharedBucket } from '#src/admission/shared-bucket'
import type { Closed, Lease, LeaseRequest } from '#src/admission/fleet-buckets'
import type { TokenBucket } from '#src/admission/token-bucket'

interface Scene {
  readonly bucket: TokenBucket
  /** The clock in milliseconds, the state of the server as the replica knows it, and the requests of the bucket. */
  readonly state: { time: number, isUp: boolean, replicas: number, answers: number, slowed: number }
  readonly requests: readonly LeaseRequest[]
  /** Lets the server answer the last request. Without an answer, the request fails. */
  readonly answer: (answer?: Lease | Closed) => Promise<void>
}

/** Creates a bucket with a clock and a server that the test controls. */
function scene (quota = 50): Scene {
  const state = { time: 0, isUp: true, replicas: 2, answers: 0, slowed: 0 }
  const requests: LeaseRequest[] = []
  let last = Promise.withResolvers<Lease | Closed>()
  const bucket = createSharedBucket({
    isUp: () => state.isUp,
    replicas: () => state.replicas,
    async lease (_name, request) {
      requests.push(request)
      last = Promise.withResolvers()
      return last.promise
    },
    slowDown: async () => { state.slowed += 1 }
  }, 'name', () => quota, () => state.time, () => { state.answers += 1 })
  return {
    bucket,
    state,
    requests,
    async answer (answer) {
      if (answer === undefined) last.reject(new Error('canary'))
      else last.resolve(answer)
      await new Promise((resolve) => { setImmediate(resolve) })
    }
  }
}

const rounded = (number: number | undefined): number => Math.round(Number(number) * 1e5) / 1e5

t.test('leases are requested one at a time, at a rate that leaves room for late tokens', async (t) => {
  const { bucket, state, requests, answer } = scene()
  t.equal(bucket.wait(), 0.1, 'it looks again after a while')
  t.equal(bucket.wait(3), 0.1)
  t.equal(requests.length, 1)
  t.match(requests[0], { wanted: 1, burst: 2 })
  t.equal(rounded(requests[0]?.interval), rounded(1_000 / (48 / 1.1)))
  t.equal(state.answers, 0)
  await answer({ granted: 0, next: 20 })
  t.equal(state.answers, 1)
  state.time = 5
  t.equal(bucket.wait(), 0.015)
  t.equal(requests.length, 1, 'the server has no token before')
  state.time = 20
  t.equal(bucket.wait(4), 0.1)
  t.match(requests[1], { wanted: 4 })
  t.equal(requests.length, 2)
})

t.test('leased tokens add up, and can be used for 100 milliseconds', async (t) => {
  const { bucket, state, requests, answer } = scene()
  bucket.wait(2)
  await answer({ granted: 2, next: 10 })
  state.time = 10
  t.equal(bucket.wait(2), 0)
  t.equal(requests.length, 1, 'there are as many as are needed')
  t.equal(bucket.wait(3), 0)
  t.match(requests[1], { wanted: 1 }, 'one more')
  await answer({ granted: 1, next: 90 })
  for (const left of [2, 1]) {
    bucket.take()
    t.equal(bucket.wait(left), 0, `${left} are left`)
  }
  state.time = 110
  t.equal(bucket.wait(), 0, 'the last moment')
  state.time = 111
  t.equal(bucket.wait(), 0.1, 'too late')
  t.match(requests[2], { wanted: 1 })
})

t.test('a replica with a high quota keeps tokens in stock, and requests more when half of them are left', async (t) => {
  const { bucket, requests, answer } = scene(10_084)
  bucket.wait()
  t.match(requests[0], { wanted: 44 }, 'those of five milliseconds')
  await answer({ granted: 44, next: 0 })
  for (let taken = 0; taken < 21; taken += 1) {
    t.equal(bucket.wait(), 0)
    bucket.take()
  }
  t.equal(bucket.wait(), 0)
  t.equal(requests.length, 1)
  bucket.take()
  t.equal(bucket.wait(), 0)
  t.match(requests[1], { wanted: 22 })
})

/** Takes all available tokens, and returns their number. */
function takeAll ({ bucket }: Scene): number {
  let taken = 0
  for (; bucket.wait() === 0; taken += 1) bucket.take()
  return taken
}

t.test('while the server gives out no tokens, a replica uses its share of the quota, by the server\'s count of replicas', async (t) => {
  const closed = scene()
  const { bucket, state, requests, answer } = closed
  bucket.wait()
  await answer({ closedFor: 500, replicas: 4 })
  t.equal(takeAll(closed), 2, 'a burst')
  t.equal(rounded(bucket.wait()), rounded(1 / (12.5 - 2 - 0.25)), 'a quarter of the quota')
  state.time = 499
  t.equal(takeAll(closed), 2)
  t.equal(requests.length, 1)
  state.time = 500
  t.equal(bucket.wait(), 0.1)
  t.equal(requests.length, 2, 'it asks again when the time is over')
  await answer({ granted: 0, next: 5 })
  state.replicas = 1
  state.isUp = false
  bucket.wait()
  state.time = 2_000
  t.equal(takeAll(closed), 2)
  t.equal(rounded(bucket.wait()), rounded(1 / 47), 'the server has given out tokens since, and this replica is the only one')
})

t.test('a replica waits for a moment before it uses its share of an interrupted fleet', async (t) => {
  const down = scene()
  const { bucket, state, requests, answer } = down
  state.replicas = 1
  state.isUp = false
  t.equal(bucket.wait(), 0.1)
  state.time = 99
  t.equal(bucket.wait(), 0.001)
  state.time = 100
  t.equal(takeAll(down), 2)
  t.equal(rounded(bucket.wait()), rounded(1 / 47), 'all of the quota, as long as no other replica is known')
  state.isUp = true
  t.equal(bucket.wait(), 0.1)
  t.equal(requests.length, 1)
  state.isUp = false
  state.time = 150
  await answer()
  state.isUp = true
  bucket.wait()
  t.equal(requests.length, 2, 'after a request that failed for lack of the server, it asks as soon as the server is back')
  await answer()
  t.equal(takeAll(down), 2, 'after a request that the server has refused, it uses its share')
  state.time = 1_149
  takeAll(down)
  t.equal(requests.length, 2)
  state.time = 1_150
  bucket.wait()
  t.equal(requests.length, 3, 'for a second')
  await answer({ granted: 0, next: 1 })
  state.isUp = false
  state.time = 1_200
  t.equal(bucket.wait(), 0.1, 'another interruption')
})

t.test('throttling slows all replicas down, and this one even without the server', async (t) => {
  const { bucket, state, answer } = scene()
  bucket.wait()
  await answer({ granted: 2, next: 20 })
  bucket.slowDown()
  t.equal(state.slowed, 1)
  state.isUp = false
  bucket.slowDown()
  t.equal(state.slowed, 1)
  bucket.wait()
  state.time = 200
  t.ok(bucket.wait() > 0.3, 'no calls for half a second')
  t.equal(bucket.headroom(), 0)
})

t.test('the headroom is that of the replica\'s own share while the server may have tokens', async (t) => {
  const { bucket, state, answer } = scene()
  t.equal(bucket.headroom(), 1)
  bucket.wait(2)
  await answer({ granted: 2, next: 20 })
  for (let taken = 0; taken < 2; taken += 1) bucket.take()
  state.time = 19
  t.equal(bucket.headroom(), 0)
  state.time = 20
  t.equal(rounded(bucket.headroom()), rounded(0.02 * 22.5 / 2), 'tokens of the server are taken from it, too')
})
