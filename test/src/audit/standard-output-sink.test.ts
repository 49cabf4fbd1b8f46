import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { genesis } from '#src/audit/record'
import { standardOutputSink } from '#src/audit/standard-output-sink'
import { openTrail, type Trail } from '#src/audit/trail'
import { trailKey, verifyBytes } from '#test/audit-trail'
import { until } from '#test/until'

/** Creates a non-blocking pipe, like the ones that some parent processes pass to their children. */
function pipe (t: Test): { reader: number, writer: number } {
  const fifo = join(t.testdir({}), 'fifo')
  execFileSync('mkfifo', [fifo])
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
  return { reader, writer }
}

function read (reader: number): Buffer {
  const buffer = Buffer.alloc(65_536)
  try {
    return buffer.subarray(0, readSync(reader, buffer))
  } catch {
    return Buffer.alloc(0)
  }
}

const open = async (descriptor: number, writeTimeout: number): Promise<Trail> =>
  openTrail({ sink: standardOutputSink(descriptor), key: trailKey, writeTimeout, retryAfter: 5 })

t.test('a write waits for a full pipe, and no record is split', async (t) => {
  const { reader, writer } = pipe(t)
  const trail = await open(writer, 60_000)
  const large = 'x'.repeat(50_000)
  const written = Promise.all([1, 2, 3, 4].map(async () => trail.append([{ event: 'intent', name: large }])))
  const chunks: Buffer[] = []
  const reading = new AbortController()
  const all = (async () => {
    while (!reading.signal.aborted) {
      chunks.push(read(reader))
      await setTimeout(5)
    }
  })()
  await written
  reading.abort()
  await all
  await trail.close()
  chunks.push(read(reader))
  t.match(await verifyBytes([Buffer.concat(chunks)], { isPart: true }), { findings: [], records: 6, isClosed: true })
})

t.test('a write waits even if only its last byte does not fit into the pipe', async (t) => {
  const { reader, writer } = pipe(t)
  const sink = standardOutputSink(writer)
  await sink.open()
  const capacity = 65_536
  const written = sink.write(Buffer.from(`${'x'.repeat(capacity)}\n`), genesis)
  let first = read(reader)
  while (first.length === 0) {
    await setTimeout(5)
    first = read(reader)
  }
  await written
  t.equal(first.length, capacity)
  t.equal(read(reader).toString(), '\n')
})

t.test('after a failure, the partial write is completed first', async (t) => {
  const { reader, writer } = pipe(t)
  const trail = await open(writer, 60_000)
  const chunks = [read(reader)]
  closeSync(reader)
  await t.rejects(trail.append([{ event: 'intent', name: 'a' }]), { code: 'audit-unavailable' })
  await setTimeout(20)
  t.equal(trail.isWritable, false)
  const again = openSync(join(t.testdirName, 'fifo'), constants.O_RDONLY | constants.O_NONBLOCK)
  await until(() => trail.isWritable)
  t.equal(await trail.append([{ event: 'intent', name: 'b' }]), 4)
  await trail.close()
  chunks.push(read(again))
  const { findings, notes } = await verifyBytes([Buffer.concat(chunks)], { isPart: true })
  t.match([findings, notes], [[], [{ sequence: 3, message: /^requests that were refused.*: 1$/ }, { message: /too late for their requests.*"from":2,"to":2/ }]])
})
