import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { logDestination } from '#src/log/destination'
import { loggerOptions } from '#src/log/logger'
import { until } from '#test/until'

t.test('a line has the name of its level, the time and the service', async (t) => {
  const lines: string[] = []
  pino(loggerOptions('info', 'vault-of-payments'), { write: (line) => { lines.push(line) } }).warn({ a: 1 }, 'hello')
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  t.strictSame(rest, { level: 'warn', service: 'vault-of-payments', a: 1, msg: 'hello' })
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

t.test('lines are written in batches', async (t) => {
  const file = join(t.testdir(), 'log')
  const descriptor = openSync(file, 'a')
  const destination = logDestination(descriptor, () => { t.fail('no line is dropped') })
  const log = pino(loggerOptions('info'), destination)
  log.info('first')
  log.info('second')
  t.equal(readFileSync(file, 'utf8'), '', 'nothing is written at once')
  await until(() => readFileSync(file, 'utf8').split('\n').length === 3)
  log.info('third')
  destination.flushSync()
  t.match(readFileSync(file, 'utf8'), /first.*\n.*second.*\n.*third/)
  destination.end()
})

t.test('if nobody reads the log, lines are dropped, and their number is reported afterwards', async (t) => {
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const [reader, writer] = [constants.O_RDWR | constants.O_NONBLOCK, constants.O_WRONLY].map((flags) => openSync(pipe, flags)) as [number, number]
  const reported: number[] = []
  const destination = logDestination(writer, (lines) => { reported.push(lines) }, { batchBytes: 1_024, delay: 10, waitingBytes: 64 * 1024 })
  await new Promise((resolve) => { destination.once('ready', resolve) })
  const log = pino(loggerOptions('info'), destination)
  const written = 1_000
  // A pipe buffers 64 KiB.
  for (let index = 0; index < written; index++) log.info({ filler: 'x'.repeat(500) }, 'line')
  t.strictSame(reported, [], 'the process is not blocked')

  let text = ''
  const buffer = Buffer.alloc(64 * 1024)
  await until(() => {
    try {
      text += buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
    return reported.length > 0 && text.split('\n').length - 1 + (reported[0] ?? 0) === written
  })
  t.ok((reported[0] ?? 0) > 100, `${String(reported[0])} lines were dropped`)
  for (const line of text.trim().split('\n')) t.equal((JSON.parse(line) as { msg: string }).msg, 'line')
  destination.end()
  closeSync(reader)
})
