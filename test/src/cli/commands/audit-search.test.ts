import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { createSearch } from '#src/audit/search'
import { fileSink } from '#src/audit/file-sink'
import { openTrail } from '#src/audit/trail'
import { run } from '#src/cli/program'
import { newTrail, trailKey } from '#test/audit-trail'
import { build, tokens } from '#test/helper'
import { secretsctl, type Outcome } from '#test/secretsctl'

/** A trail of three files, the oldest of which is compressed. */
interface Trail {
  key: string
  files: readonly [string, string, string]
}

/** Lets gateways write a trail, and rotates its file between them. */
async function realTrail (t: Test): Promise<Trail> {
  const audit = newTrail()
  const { file, keyFile: key } = audit
  await t.test('a gateway writes the trail', async (t) => {
    const { send } = await build(t, { audit })
    await send('PUT', '/environments/dev/secrets/payments%2Fdb', { json: { value: 'canary' } })
    await send('GET', '/environments/dev/secrets/payments%2Fdb', { token: tokens.reader })
    await send('GET', '/environments/dev/secrets/payments%2Fdb', { token: tokens.writer })
    await send('GET', '/environments/dev/secrets/payments%2Fdb', { token: 'no-such-token' })
  })
  renameSync(file, `${file}.2`)
  writeFileSync(`${file}.2.gz`, gzipSync(readFileSync(`${file}.2`)))
  rmSync(`${file}.2`)
  await t.test('a second gateway continues it', async (t) => {
    const { send } = await build(t, { audit })
    await send('POST', '/environments/dev/values', { json: { names: ['payments/db', 'payments/api', 'other'] }, token: tokens.reader })
    await send('POST', '/environments/dev/secrets', { json: { secretNames: ['@cmd', 'payments/web'] } })
    await send('GET', '/environments/prod/secrets/payments%2Fdb', { token: tokens.reader })
  })
  renameSync(file, `${file}.1`)
  await t.test('a third gateway continues it', async (t) => {
    const { send } = await build(t, { audit })
    await send('DELETE', '/environments/dev/secrets/nothing%2Fthere')
  })
  return { key, files: [`${file}.2.gz`, `${file}.1`, file] }
}

const search = async ({ key, files }: Trail, ...args: string[]): Promise<Outcome> =>
  secretsctl({ url: '' }, ['audit', 'search', '--key', key, ...files, ...args])

/** Returns the found accesses, each as the caller, the outcome, the action and the name. */
const found = async (trail: Trail, ...args: string[]): Promise<string[]> => {
  const { status, stdout } = await search(trail, '--json', ...args)
  if (status !== 0) throw new Error(stdout)
  const { items } = JSON.parse(stdout) as { items: { caller?: string, outcome: string, action?: string, name?: string }[] }
  return items.map(({ caller = '', outcome, action = '', name = '' }) => `${caller} ${outcome} ${action} ${name}`.trim())
}

const trail = await realTrail(t)

await t.test('the questions of an auditor are answered from a whole trail', async (t) => {
  t.strictSame(await found(trail, '--secret', 'payments/db', '--environment', 'dev', '--action', 'read', '--outcome', 'allowed', '--since', '30d'),
    ['reader allowed GetSecretValue payments/db'], 'who read it')
  t.strictSame(await found(trail, '--secret', 'payments/db'), [
    'administrator allowed PutSecretValue payments/db',
    'reader allowed GetSecretValue payments/db',
    'writer refused GetSecretValue payments/db',
    'refused GetSecretValue payments/db',
    'reader failed GetSecretValue payments/db',
    'reader refused GetSecretValue payments/db'
  ], 'everything about it')
  t.strictSame(await found(trail, '--caller', 'writer'), ['writer refused GetSecretValue payments/db'], 'what a caller did')
  t.strictSame(await found(trail, '--name-prefix', 'payments/', '--caller', 'administrator', '--action', 'CreateSecret'),
    ['administrator allowed CreateSecret payments/web'])
  t.match(await found(trail, '--outcome', 'refused'), ['writer refused GetSecretValue payments/db', 'refused GetSecretValue payments/db', 'reader refused GetSecretValue payments/db'], 'who was refused')
  t.strictSame(await found(trail, '--outcome', 'failed', '--caller', 'administrator'), ['administrator failed DeleteSecret nothing/there'])
  t.strictSame(await found(trail, '--until', '2020-01-01'), [])

  const { status, stdout } = await search(trail, '--caller', 'reader', '--json')
  t.equal(status, 0)
  t.match(JSON.parse(stdout), { proved: true, found: 6, span: { from: /^2/, to: /^2/ }, verification: { findings: [], isClosed: true } })
  t.match(JSON.parse(stdout).items[0], { time: /Z$/, status: 200, policies: 'reader', method: 'api-key', peer: '127.0.0.1', credential: 'dev-account', versionId: /^[0-9a-f-]{36}$/, isIntact: true })
  t.notMatch(stdout, 'canary')
})

await t.test('the table ends with the result of the verification', async (t) => {
  const { status, stdout } = await search(trail, '--secret', 'payments/db', '--caller', 'writer')
  t.equal(status, 0)
  t.match(stdout, /^TIME +OUTCOME +CALLER +ACTION +ENVIRONMENT +SECRET +DETAILS\n\S+Z +refused +writer +GetSecretValue +dev +payments\/db +forbidden\n\n1 found\. The trail has records of requests from \S+ to \S+\n\d+ records, 1 to \d+, closed\nThe trail is intact\n$/)
  const nothing = await search(trail, '--caller', 'nobody', '--since', '30d')
  t.equal(nothing.status, 0)
  t.match(nothing.stdout, /^Nothing found\. The trail has records of requests from \S+ to \S+\nThese files begin later than --since/)
  t.match((await search(trail, '--caller', 'nobody', '--json')).stderr, 'Nothing found.')
})

await t.test('CSV contains only data, and no spreadsheet treats it as a formula', async (t) => {
  const { status, stdout, stderr } = await search(trail, '--caller', 'administrator', '--action', 'CreateSecret', '--csv')
  t.equal(status, 0)
  const lines = stdout.trimEnd().split('\n')
  t.match(lines[0], /^time,outcome,caller,/)
  const [, ...names] = lines.map((line) => line.split(',')[5])
  t.strictSame(names.sort(), ['', '\'@cmd', 'payments/web'])
  t.match(stderr, /^3 found\.[^]*The trail is intact\n$/)
  t.equal((await search(trail, '--csv', '--json')).status, 2)
})

await t.test('--output chooses the format, too', async (t) => {
  const printed = async (...options: string[]): Promise<string> => (await search(trail, '--caller', 'writer', ...options)).stdout
  t.equal(await printed('-o', 'json'), await printed('--json'))
  t.equal(await printed('-o', 'table'), await printed())
  t.match(await search(trail, '-o', 'json', '--csv'), { status: 2, stderr: /Choose either --csv or --json/ })
  for (const format of ['yaml', 'env']) t.match(await search(trail, '-o', format), { status: 2, stdout: '', stderr: /choose --json or --csv/ }, format)
})

await t.test('a damaged trail is reported, and the command fails', async (t) => {
  const folder = t.testdir()
  const [oldest, middle, newest] = ['2.gz', '1', 'jsonl'].map((name) => join(folder, name)) as [string, string, string]
  for (const [index, file] of [oldest, middle, newest].entries()) copyFileSync(trail.files[index] ?? '', file)
  copyFileSync(`${trail.files[2]}.head`, `${newest}.head`)
  const damaged: Trail = { key: trail.key, files: [oldest, middle, newest] }
  writeFileSync(middle, readFileSync(middle, 'utf8').replace('"name":"payments/db"', '"name":"payments/xx"'))
  const table = await search(damaged, '--secret', 'payments/xx')
  t.equal(table.status, 1)
  t.match(table.stdout, /\(this record was changed\)[^]*was changed/)
  t.match(table.stderr, 'The trail is NOT intact, so this answer can\'t be relied on')
  const json = await search(damaged, '--secret', 'payments/xx', '--json')
  t.equal(json.status, 1)
  t.match(JSON.parse(json.stdout), { proved: false, items: [{ name: 'payments/xx', isIntact: false }] })
  t.equal((await search({ ...damaged, files: [oldest, newest, newest] }, '--csv')).status, 1)
  const missing = await search({ ...damaged, files: [oldest, `${middle}.none`, newest] })
  t.match(missing, { status: 1, stderr: /none can't be read: no such file or directory/ })
})

await t.test('times are checked', async (t) => {
  for (const time of ['yesterday', '2026-02-30', '2026-02-30T08:00Z', '2026-02-29T23:00:00-02:00', '2026-11-30T08:00', '2026-11-30T25:00Z', '0d', '']) t.match(await search(trail, '--since', time), { status: 2, stderr: /Must be a date/ }, time)
  t.match(await search(trail, '--since', '1h', '--until', '2h'), { status: 2, stderr: /--since must be before --until/ })
  const today = new Date().toISOString().slice(0, 10)
  t.ok((await found(trail, '--since', today, '--until', today)).length > 0, 'a day is included as a whole')
  t.ok((await found(trail, '--since', '2026-01-01T00:00:00+01:00')).length > 0)
  t.strictSame(await found(trail, '--until', '90m'), [])
})

await t.test('a request without an outcome is found', async (t) => {
  const { file } = newTrail()
  const trail = await openTrail({ sink: fileSink(file, 'written', trailKey), key: trailKey, writeTimeout: 60_000 })
  const about = { requestId: 'r', caller: { id: 'a' }, action: 'DeleteSecret', environment: 'dev' } as const
  await trail.append([{ event: 'intent', ...about, name: 'lost' }])
  await trail.append([{ event: 'outcome', ...about, name: 'refused-later', status: 404, decisions: [{ action: 'DescribeSecret', allowed: false, policies: [] }] }])
  await trail.append([{ event: 'outcome', ...about, name: 'failed', status: 502, decisions: [{ action: 'DescribeSecret', allowed: true, policies: [] }] }])
  await trail.close()
  const { stdout } = await secretsctl({ url: '' }, ['audit', 'search', file, '--csv'])
  t.strictSame(stdout.trimEnd().split('\n').slice(1).map((line) => line.split(',')).map((cells) => [cells[1], cells[5], cells[7]]),
    [['refused', 'refused-later', ''], ['failed', 'failed', ''], ['failed', 'lost', 'no-outcome']])
  const described = await secretsctl({ url: '' }, ['audit', 'search', file, '--action', 'DescribeSecret'])
  t.match(described.stdout, /^Nothing found/, 'nobody has described a secret')

  const empty = newTrail()
  const unused = await openTrail({ sink: fileSink(empty.file, 'written', trailKey), key: trailKey, writeTimeout: 60_000 })
  await unused.close()
  t.match(await secretsctl({ url: '' }, ['audit', 'search', empty.file]), { status: 0, stdout: /^Nothing found: the trail has no records of requests/ })
})

await t.test('records with members of unexpected types are searched, too', async (t) => {
  const search = createSearch({})
  const entry = { event: 'item', time: 5, caller: 'x', decision: [], names: ['a', 1], versionIds: 'v', status: 'x' }
  t.match(search.check({ link: { sequence: 1, hash: 'h' }, previous: '', actualHash: 'i', entry }), [])
  t.equal(search.span(), undefined)
  t.match(search.check({ link: { sequence: 2, hash: 'h' }, previous: '', actualHash: 'h', entry: { ...entry, time: '2026-12-01T00:00:00Z' } }),
    [{ name: 'a', caller: '', versionId: '', outcome: 'allowed' }, { name: '' }])
})

/** Writes a trail with many requests. */
async function longTrail (requests: number): Promise<string> {
  const { file } = newTrail()
  const trail = await openTrail({ sink: fileSink(file, 'written', trailKey), key: trailKey, writeTimeout: 60_000 })
  for (let written = 0; written < requests; written += 1_000) {
    await trail.append(Array.from({ length: 1_000 }, (_, index) =>
      ({ event: 'outcome', caller: { id: 'a' }, action: 'GetSecretValue', environment: 'dev', name: `secret-${written + index}`, status: 200 }) as const))
  }
  await trail.close()
  return file
}

await t.test('a long result is written as fast as it is read, and is never in memory as a whole', async (t) => {
  const file = await longTrail(20_000)
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const finished = run(['audit', 'search', file], { stdin, stdout, stderr, env: {} })
  await setTimeout(300)
  t.ok(stdout.readableLength < 1_000_000, `${stdout.readableLength} bytes wait for their reader`)
  const shown = text(stdout)
  t.equal(await finished, 0)
  stdout.end()
  const lines = (await shown).split('\n')
  t.equal(lines.filter((line) => line.includes('secret-')).length, 20_000)
  t.equal(lines.filter((line) => line.startsWith('TIME')).length, 1)
  t.match(lines.at(-2), /^The trail is intact/)
})

await t.test('the search ends if its reader goes away', async (t) => {
  const file = await longTrail(5_000)
  const stdout = new PassThrough({ highWaterMark: 100 })
  stdout.on('error', () => undefined)
  const finished = run(['audit', 'search', file, '--csv'], { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {} })
  await setTimeout(50)
  stdout.destroy()
  t.equal(await finished, 0)
})

await t.test('a terminal shows how much has been read', async (t) => {
  const file = await longTrail(10_000)
  const terminal = await secretsctl({ url: '' }, ['audit', 'search', file, '--caller', 'nobody'], { isTerminal: true })
  t.match(terminal.stderr, /\r\[#+\.*\] \d+ of \d+ MiB\n$/)
  const rows = await secretsctl({ url: '' }, ['audit', 'search', file], { isTerminal: true })
  t.match(rows.stderr, /^\r\[\.{20}\] 0 of \d+ MiB\n$/, 'rows on the terminal end it')
})
