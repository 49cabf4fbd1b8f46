import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ControlEntry, Link, RequestEntry } from '#src/audit/record'
import { genesis } from '#src/audit/record'
import { fileSink } from '#src/audit/file-sink'
import { UnusableTrail } from '#src/audit/settings'
import type { Sink } from '#src/audit/sink'
import { openTrail, type Trail, type TrailOptions } from '#src/audit/trail'
import { trailKey, verifyBytes, type AuditRecord } from '#test/audit-trail'
import { until } from '#test/until'

/** A fake sink whose behaviour the test controls. */
interface Fake extends Sink {
  /** The records of each write. */
  writes: AuditRecord[][]
  bytes: Buffer
  /** Called before each write and each opening. */
  before: () => Promise<void>
  /** The result of each write. False simulates that somebody else changed the file, so the written records may be lost. */
  stays: boolean
  closed: boolean
}

function fake (): Fake {
  let last: Link | undefined
  return {
    writes: [],
    bytes: Buffer.alloc(0),
    isOpen: false,
    stays: true,
    closed: false,
    before: async () => undefined,
    async open () {
      await this.before()
      Object.assign(this, { isOpen: true })
      return { found: last === undefined ? 'nothing' : 'intact', link: last ?? genesis, torn: 0 }
    },
    async write (lines, link) {
      try {
        await this.before()
      } catch (error) {
        Object.assign(this, { isOpen: false })
        throw error
      }
      if (!this.stays) return false
      this.writes.push(lines.toString().trim().split('\n').map((line): AuditRecord => JSON.parse(line)))
      this.bytes = Buffer.concat([this.bytes, lines])
      last = link
      return true
    },
    check: async () => undefined,
    async close () {
      this.closed = true
    }
  }
}

async function open (t: Test, sink: Sink, options: Partial<TrailOptions> = {}): Promise<Trail> {
  const trail = await openTrail({ sink, key: trailKey, writeTimeout: 60_000, retryAfter: 5, ...options })
  t.teardown(async () => trail.close())
  return trail
}

const failing = (code: string) => async (): Promise<never> => { throw Object.assign(new Error(code), { code }) }
const fine = async (): Promise<void> => undefined

/** Returns a function that hangs until it is released. */
function hanging (): { hang: () => Promise<void>, release: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { hang: async () => promise, release: () => { resolve(undefined) } }
}

const entry = (name: string): RequestEntry => ({ event: 'intent', name })
/** Returns a large entry of a caller. */
const large = (id: string): RequestEntry => ({ ...entry('x'.repeat(3 * 1024 * 1024)), caller: { id } })

const refused = { code: 'audit-unavailable' }

t.test('appends during a write are combined into the next write', async (t) => {
  const sink = fake()
  const trail = await open(t, sink)
  const { hang, release } = hanging()
  sink.before = hang
  const first = trail.append([entry('first')])
  const others = ['a', 'b', 'c'].map(async (name) => trail.append([entry(name), entry(`${name} again`)]))
  release()
  t.same(await Promise.all([first, ...others]), [2, 3, 5, 7])
  t.match(sink.writes.slice(1).map((records) => records.map(({ name }) => name)), [['first'], ['a', 'a again', 'b', 'b again', 'c', 'c again']])
  await trail.close()
  t.match((await verifyBytes([sink.bytes], { isPart: true })), { findings: [], records: 9, isClosed: true })
})

t.test('the size of a write is limited', async (t) => {
  const sink = fake()
  const trail = await open(t, sink)
  await Promise.all([trail.append([entry('a')]), trail.append([large('a'), large('a')]), trail.append([large('b')]), trail.append([large('c')])])
  t.same(sink.writes.map(({ length }) => length), [1, 1, 2, 1, 1])
})

t.test('the close record comes after all appends that were queued before', async (t) => {
  const sink = fake()
  const trail = await open(t, sink)
  const appended = Promise.all(['a', 'b', 'c'].map(async (id) => trail.append([large(id)])))
  await trail.close()
  t.same(await appended, [2, 3, 4])
  t.match(sink.writes.flat().map(({ event }) => event), ['start', 'intent', 'intent', 'intent', 'close'])
})

t.test('checkpoints', async (t) => {
  const signed: [string, number][] = []
  const onControlRecord = ({ event }: ControlEntry, { sequence }: Link): void => { signed.push([event, sequence]) }
  const sink = fake()
  let now = Date.parse('2026-11-21T08:00:00Z')
  let elapsed = 0
  const trail = await open(t, sink, { now: () => now, monotonic: () => elapsed, onControlRecord, checkpointEvery: { records: 3, milliseconds: 60_000 } })
  await trail.append([entry('a'), entry('b')])
  await trail.append([entry('c')])
  now -= 120_000
  await trail.append([entry('d')])
  now += 180_000
  elapsed += 60_000
  await trail.append([entry('e')])
  await trail.close()
  t.same(signed, [['start', 1], ['checkpoint', 5], ['checkpoint', 8], ['close', 9]])
  t.match(sink.writes.flat().map(({ time }) => time).at(-1), '2026-11-21T08:01:00.000Z')

  const quiet = fake()
  const other = await open(t, quiet, { checkpointEvery: { records: 1_000, milliseconds: 5 } })
  await other.append([entry('a')])
  await until(() => quiet.writes.length === 3)
  t.match(quiet.writes.at(-1), [{ event: 'checkpoint' }], 'even if nothing else is appended')
  await setTimeout(20)
  t.equal(quiet.writes.length, 3, 'only once')
})

t.test('by default, a checkpoint follows 1,000 records or a minute', async (t) => {
  const sink = fake()
  let elapsed = 0
  const trail = await open(t, sink, { monotonic: () => elapsed })
  const lastEvent = (): string | undefined => sink.writes.at(-1)?.at(-1)?.event
  await trail.append(Array.from({ length: 999 }, () => entry('a')))
  t.equal(lastEvent(), 'intent')
  await trail.append([entry('b')])
  t.equal(lastEvent(), 'checkpoint')
  elapsed = 59_999
  await trail.append([entry('c')])
  t.equal(lastEvent(), 'intent')
  elapsed = 60_000
  await trail.append([entry('d')])
  t.equal(lastEvent(), 'checkpoint')
})

t.test('a failure', async (t) => {
  const reasons: string[] = []
  const sink = fake()
  const trail = await open(t, sink, { onFailure: (reason) => reasons.push(reason), retryAfter: 20 })
  sink.before = failing('ENOSPC')
  await t.rejects(trail.append([entry('a')]), refused)
  t.equal(trail.isWritable, false)
  await t.rejects(trail.append([entry('b')]), refused)
  trail.reopen()
  await setTimeout(50)
  t.same(reasons, ['ENOSPC'], 'is reported once')
  sink.before = fine
  await until(() => trail.isWritable)
  t.match(sink.writes.slice(1), [[{ event: 'resume', found: 'intact', refused: 2 }]], 'it recovers automatically')
  t.equal(await trail.append([entry('c')]), 3)

  t.test('appends queued behind a failed write are refused too', async (t) => {
    const { hang, release } = hanging()
    sink.before = async () => { await hang(); await failing('EIO')() }
    const both = [trail.append([entry('d')]), trail.append([entry('e')])]
    const results = Promise.allSettled(both)
    release()
    t.match(await results, [{ status: 'rejected', reason: refused }, { status: 'rejected', reason: refused }])
    sink.before = fine
    await until(() => trail.isWritable)
    t.match(sink.writes.at(-1), [{ event: 'resume', refused: 2 }])
    await trail.append([entry('f')])
    t.equal((await verifyBytes([sink.bytes], { isPart: true })).findings.length, 0)
  })
})

t.test('a failure at the start', async (t) => {
  const full = fake()
  full.before = failing('ENOSPC')
  const trail = await open(t, full)
  t.equal(trail.isWritable, false)
  await t.rejects(trail.append([entry('a')]), refused)
  full.before = fine
  await until(() => trail.isWritable)
  t.match(full.writes, [[{ event: 'start', found: 'nothing', refused: 1 }]])

  const misconfigured = fake()
  misconfigured.before = async () => { throw new UnusableTrail('audit.file', 'this', 'that') }
  await t.rejects(open(t, misconfigured), { name: 'UnusableTrail', message: 'audit.file: found this, expected that' })
  t.equal(misconfigured.closed, true)
})

t.test('a file that somebody else keeps changing', async (t) => {
  const sink = fake()
  const trail = await open(t, sink)
  sink.stays = false
  await t.rejects(trail.append([entry('a')]), refused)
  sink.stays = true
  await until(() => trail.isWritable)
  t.equal(await trail.append([entry('b')]), 3)
})

t.test('a write that hangs', async (t) => {
  const reasons: string[] = []
  const sink = fake()
  const trail = await open(t, sink, { writeTimeout: 20, onFailure: (reason) => reasons.push(reason) })
  const { hang, release } = hanging()
  sink.before = hang
  const both = await Promise.allSettled([trail.append([entry('a'), entry('b')]), trail.append([entry('c')])])
  t.match(both, [{ status: 'rejected', reason: refused }, { status: 'rejected', reason: refused }])
  t.match(trail, { isWritable: false, hangs: true })
  await t.rejects(trail.append([entry('d')]), refused, 'without waiting again')
  t.same(reasons, ['hangs'])
  t.equal(sink.writes.length, 1)

  sink.before = fine
  release()
  await until(() => trail.isWritable && sink.writes.length === 3)
  t.match(sink.writes.slice(1), [[{ name: 'a' }, { name: 'b' }], [{ event: 'resume', refused: 3, late: { from: 2, to: 3 } }]])
  t.equal(await trail.append([entry('e')]), 5)
  const { findings, notes } = await verifyBytes([sink.bytes], { isPart: true })
  t.match([findings, notes], [[], [{ message: /^requests that were refused.*: 3$/ }, { message: /too late for their requests.*\{"from":2,"to":3\}/ }]])

  t.test('a write that hangs and then fails', async (t) => {
    const { hang, release } = hanging()
    sink.before = async () => { await hang(); await failing('EIO')() }
    await t.rejects(trail.append([entry('f')]), refused)
    sink.before = fine
    release()
    await until(() => trail.isWritable)
    t.same(reasons, ['hangs', 'hangs', 'EIO'])
    t.match(sink.writes.at(-1), [{ event: 'resume', found: 'intact', refused: 1, late: undefined }])
  })
})

/** Blocks the event loop. */
function block (milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

t.test('time in which the event loop is blocked does not count', async (t) => {
  const reasons: string[] = []
  const onFailure = (reason: string): number => reasons.push(reason)
  const sink = fake()
  const trail = await open(t, sink, { writeTimeout: 100, onFailure })
  sink.before = async () => setImmediate()
  for (const name of ['a', 'b', 'c']) {
    const written = trail.append([entry(name)])
    block(150)
    await t.resolves(written, 'a write that has ended meanwhile')
  }

  const real = await open(t, fileSink(join(t.testdir({}), 'audit.jsonl'), 'synced', trailKey), { writeTimeout: 1_500, onFailure })
  const written = real.append([entry('a')])
  block(1_600)
  await t.resolves(written, 'on a real disk')
  t.same(reasons, [])

  const { hang, release } = hanging()
  sink.before = hang
  const lost = t.rejects(trail.append([entry('d')]), refused, 'a write that does hang')
  const blocking = setInterval(() => { block(10) }, 1)
  await lost
  clearInterval(blocking)
  t.same(reasons, ['hangs'])
  release()
  await until(() => trail.isWritable)

  sink.before = async () => setImmediate()
  const closed = trail.close()
  block(150)
  await closed
  t.equal(sink.closed, true, 'closing waits for the last write')
})

t.test('closing does not wait for a write that hangs', async (t) => {
  const sink = fake()
  const trail = await open(t, sink, { writeTimeout: 20 })
  const { hang, release } = hanging()
  sink.before = hang
  await t.rejects(trail.append([entry('a')]), refused)
  await trail.close()
  t.match([trail.hangs, sink.closed], [true, false])
  release()
  await until(() => sink.closed)

  const failed = fake()
  const other = await open(t, failed, { retryAfter: 60_000 })
  failed.before = failing('EIO')
  await t.rejects(other.append([entry('a')]), refused)
  failed.before = fine
  await other.close()
  t.match(failed.writes.at(-1), [{ event: 'resume', refused: 1 }, { event: 'close' }], 'a failed write is retried once')

  const broken = fake()
  const third = await open(t, broken)
  broken.before = failing('EIO')
  await third.close()
  t.match([third.isWritable, broken.closed, broken.writes.length], [false, true, 1])
})

t.test('closing during a write', async (t) => {
  const sink = fake()
  const trail = await open(t, sink)
  const { hang, release } = hanging()
  sink.before = hang
  const written = trail.append([entry('a')])
  const closed = trail.close()
  release()
  t.equal(await written, 2)
  await closed
  t.match(sink.writes.flat().map(({ event }) => event), ['start', 'intent', 'close'])
})

t.test('the queue is bounded', async (t) => {
  const sink = fake()
  const trail = await open(t, sink, { capacity: { records: 10, bytes: 10_000 } })
  const { hang, release } = hanging()
  sink.before = hang
  const first = trail.append([{ ...entry('a'), peer: '10.0.0.1' }])
  const many = trail.append(Array.from({ length: 9 }, () => ({ ...entry('b'), caller: { id: 'b' } })))
  await t.rejects(trail.append([{ ...entry('c'), caller: { id: 'c' } }]), refused, 'in records')
  release()
  await Promise.all([first, many])
  t.match(sink.writes.at(-1), [{ event: 'resume', refused: 1 }])
  t.equal(trail.isWritable, true)
  await t.rejects(trail.append([entry('x'.repeat(10_000))]), refused, 'in bytes')
  await t.resolves(trail.append(Array.from({ length: 10 }, () => entry('d'))), 'written and refused records no longer count')
})

t.test('each caller and each address has a share of the queue', async (t) => {
  const overloaded = { code: 'overloaded' }
  const of = (id: string, count = 1): RequestEntry[] => Array.from({ length: count }, () => ({ ...entry('a'), caller: { id } }))
  const from = (peer: string, count = 1): RequestEntry[] => Array.from({ length: count }, () => ({ ...entry('a'), peer }))
  for (const capacity of [{ records: 320, bytes: Infinity }, { records: Infinity, bytes: 320 * 330 }]) {
    const sink = fake()
    const trail = await open(t, sink, { capacity })
    const { hang, release } = hanging()
    sink.before = hang
    const accepted = [trail.append(of('greedy', 39))]
    await t.rejects(trail.append(of('greedy', 10)), overloaded, 'an eighth for a caller')
    accepted.push(trail.append(of('other', 60)))
    await t.rejects(trail.append(of('other')), overloaded, 'a single append may be larger')
    accepted.push(trail.append(from('10.0.0.1', 9)))
    await t.rejects(trail.append(from('10.0.0.1', 3)), overloaded, 'a 32nd for an address')
    accepted.push(trail.append(from('2001:db8::1', 8)))
    await t.rejects(trail.append(from('2001:db8::2', 3)), overloaded, 'and for an IPv6 network')
    for (let host = 2; host <= 8; host += 1) accepted.push(trail.append(from(`10.0.0.${host}`, 8)))
    await t.rejects(trail.append(from('10.0.1.1', 20)), overloaded, 'a quarter for all addresses')
    accepted.push(trail.append(of('third', 30)))
    t.equal(trail.isWritable, true)
    release()
    await t.resolves(Promise.all(accepted), 'nobody else is refused')
    await until(() => sink.writes.at(-1)?.[0].event === 'resume')
    t.match(sink.writes.at(-1), [{ event: 'resume', refused: 5 }])
    await t.resolves(trail.append(of('greedy', 10)), 'what has been written no longer counts')
    await t.resolves(trail.append(from('10.0.1.1', 8)))
  }
})
