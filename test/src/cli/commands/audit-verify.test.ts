import { createPublicKey } from 'node:crypto'
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Readable, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { fileSink } from '#src/audit/file-sink'
import { newKey, signingKey } from '#src/audit/key'
import { chainRecord } from '#src/audit/record'
import { openTrail } from '#src/audit/trail'
import { run } from '#src/cli/program'
import { readTrail, type AuditRecord } from '#test/audit-trail'

async function verify (...args: string[]): Promise<{ status: number, out: string, err: string }> {
  const written = { out: '', err: '' }
  const into = (name: 'out' | 'err'): Writable => new Writable({
    write (chunk: Buffer, _encoding, done) {
      written[name] += chunk.toString()
      done()
    }
  })
  const status = await run(['audit', 'verify', ...args], { stdin: Readable.from([]), stdout: into('out'), stderr: into('err'), env: {} })
  return { status, ...written }
}

/** Writes a trail of two files into a folder, together with its signing key, the matching public key, and an unrelated key. */
async function trail (t: Test): Promise<{ folder: string, file: string, old: string }> {
  const pem = newKey()
  const folder = t.testdir({ 'key.pem': pem, 'public.pem': createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString(), 'other.pem': newKey() })
  const file = join(folder, 'audit.jsonl')
  const key = signingKey(pem)
  const trail = await openTrail({ sink: fileSink(file, 'written', key), key, writeTimeout: 60_000 })
  await trail.append([{ event: 'intent', name: 'a' }, { event: 'outcome', name: 'a' }])
  renameSync(file, `${file}.1`)
  trail.reopen()
  await trail.append([{ event: 'intent', name: 'b' }])
  await trail.close()
  return { folder, file, old: `${file}.1` }
}

t.test('accepts an intact trail', async (t) => {
  const { folder, file, old } = await trail(t)
  const proved = '6 records, 1 to 6, closed\nThe trail is intact\n'
  for (const key of ['public.pem', 'key.pem']) t.same(await verify('--key', join(folder, key), old, file), { status: 0, out: proved, err: '' })
  t.same(await verify('--key', join(folder, 'other.pem'), '--key', join(folder, 'public.pem'), old, file), { status: 0, out: proved, err: '' }, 'signed with one of several keys')
  t.match(await verify(old, file), { status: 0, out: /^6 records, 1 to 6, closed\nThe signatures were checked with the key that the trail itself contains: .*\nThe trail is intact/ })
  t.match(JSON.parse((await verify('--json', old, file)).out), { proved: true, findings: [], notes: [], records: 6, isClosed: true, last: { sequence: 6 } })

  writeFileSync(`${old}.gz`, gzipSync(readFileSync(old)))
  t.match(await verify(`${old}.gz`, file), { status: 0, out: /^6 records/ }, 'compressed')
  t.match(await verify('--part', old), { status: 0, out: /^3 records, 1 to 3\n/ })
  t.match(await verify('--from', '4', file), { status: 0, out: /^3 records, 4 to 6, closed\n/ }, 'older files were deleted on purpose')
  const [, { sequence, hash }] = readTrail(old)
  t.match(await verify('--known', `${sequence}:${hash}`, old, file), { status: 0 })
  renameSync(`${file}.head`, join(folder, 'head'))
  t.match(await verify('--head', join(folder, 'head'), old, file), { status: 0 })
})

t.test('says which records no signature proves', async (t) => {
  const { folder, file, old } = await trail(t)
  const verifyJson = async (): Promise<unknown> => JSON.parse((await verify('--json', '--key', join(folder, 'public.pem'), old, file)).out)
  const added = (after: AuditRecord): string => chainRecord('"event":"denial"', after).line
  const appended = readFileSync(file, 'utf8')

  writeFileSync(file, appended + added(readTrail(file).at(-1)))
  t.match(await verify('--key', join(folder, 'public.pem'), old, file), { status: 1, out: /^.*audit\.jsonl:4: record 7 is at the end and not signed: added by somebody without the key/ })
  t.match(await verifyJson(), { proved: false, records: 6, last: { sequence: 6 } }, 'after a close')

  const key = signingKey(readFileSync(join(folder, 'key.pem'), 'utf8'))
  const open = await openTrail({ sink: fileSink(`${file}.open`, 'written', key), key, writeTimeout: 60_000 })
  t.teardown(async () => open.close())
  await open.append([{ event: 'intent', name: 'c' }])
  copyFileSync(`${file}.open`, old)
  copyFileSync(`${file}.open.head`, `${old}.head`)
  appendFileSync(old, added(readTrail(old).at(-1)))
  const { status, out } = await verify('--key', join(folder, 'public.pem'), old)
  t.match([status, out], [0, /^note: .*record 3 is at the end and not signed: .*\n2 records, 1 to 2\nThe trail is intact up to record 2\. No signature covers what follows/])
  t.match(JSON.parse((await verify('--json', '--key', join(folder, 'public.pem'), old)).out), { proved: false, findings: [], records: 2, unproved: { from: 3, to: 3 } })
})

t.test('reports the damage to a trail', async (t) => {
  const { folder, file, old } = await trail(t)
  const failed = { status: 1, err: 'The trail is NOT intact\n' }
  t.match(await verify(old), { ...failed, out: `${old}:3: the end of the trail is not known: its head is missing or damaged\n` })
  t.match(await verify('--key', join(folder, 'other.pem'), old, file), { ...failed, out: `${old}:1: record 1: is not signed with the trail's key\n` })
  t.match(await verify('--known', `2:${'0'.repeat(64)}`, old, file), { ...failed, out: `${old}:2: record 2: does not match the known record\n` })
  t.match(await verify(file, old), failed)
  t.match(await verify(file), { ...failed, out: `${file}:1: record 4: records 1 to 3 are missing before it\n` })
  t.match(await verify('--from', 'x', file), { status: 2 })
  writeFileSync(old, readFileSync(old, 'utf8').replace('"name":"a"', '"name":"x"'))
  t.match(await verify(old, file), { ...failed, out: `${old}:2: record 2: was changed\n` })
  t.match(JSON.parse((await verify('--json', old, file)).out), { proved: false, findings: [{ file: old, line: 2, sequence: 2, message: 'was changed' }] })
  writeFileSync(old, '')
  rmSync(file)
  writeFileSync(file, '')
  t.match(await verify(old, file), { ...failed, out: /records 1 to 6 are missing at the end\n[^]*\n0 records\n/ })
})

t.test('refuses unusable files and arguments', async (t) => {
  const { folder, file, old } = await trail(t)
  writeFileSync(join(folder, 'x.gz'), 'this is not compressed')
  for (const [args, message] of [
    [[join(folder, 'none')], /none can't be read: no such file or directory$/m],
    [[join(folder, 'x.gz')], /x\.gz can't be read: Z_DATA_ERROR$/m],
    [['--head', join(folder, 'none'), old, file], /none can't be read: no such file or directory$/m],
    [['--key', join(folder, 'none'), old, file], /none can't be read: no such file or directory$/m],
    [['--key', file, old, file], /audit\.jsonl is not an Ed25519 key in PEM$/m]
  ] as const) t.match(await verify(...args), { status: 1, out: '', err: message })
  t.match(await verify('--known', 'x', old), { status: 2, err: /Must have the form SEQUENCE:HASH/ })
  t.match(await verify(), { status: 2, err: /missing required argument/ })
})
