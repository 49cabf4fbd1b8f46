import { execFileSync } from 'node:child_process'
import {
  appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { fileSink } from '#src/audit/file-sink'
import { newKey, signingKey } from '#src/audit/key'
import { chainRecord } from '#src/audit/record'
import { openTrail, type Trail } from '#src/audit/trail'
import { newTrail, readTrail, trailKey, verifyFiles } from '#test/audit-trail'

async function open (t: Test, file: string, key = trailKey): Promise<Trail> {
  const trail = await openTrail({ sink: fileSink(file, 'written', key), key, writeTimeout: 60_000 })
  t.teardown(async () => trail.close())
  return trail
}

const append = async (trail: Trail, ...names: string[]): Promise<unknown> =>
  Promise.all(names.map(async (name) => trail.append([{ event: 'intent', name }])))

const messages = async (...files: readonly [...string[], string]): Promise<string[]> =>
  (await verifyFiles(...files)).findings.map(({ line, message }) => `${line}: ${message}`)

/** Copies the trail and its head, as a crash at this moment would leave them. Returns the path of the copied trail. */
function crashed (file: string, head = `${file}.head`): string {
  const folder = `${dirname(file)}-crashed-${Math.random()}`
  mkdirSync(folder)
  const copy = join(folder, basename(file))
  copyFileSync(file, copy)
  copyFileSync(head, `${copy}.head`)
  return copy
}

t.test('a trail in a file', async (t) => {
  const { file } = newTrail()
  const trail = await open(t, file)
  t.equal(await trail.append([{ event: 'intent', name: 'a' }]), 2)
  t.same(await append(trail, 'b', 'c', 'd'), [3, 4, 5])
  t.match(readTrail(file), [{ event: 'start', found: 'nothing', format: 1 }, { name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }])
  t.equal(statSync(file).mode & 0o777, 0o600)
  await trail.close()
  t.match(readTrail(file).at(-1), { event: 'close' })

  const again = await open(t, file)
  t.equal(await again.append([{ event: 'intent' }]), 8)
  t.match(readTrail(file).at(-2), { event: 'start', found: 'intact', torn: undefined, unvouched: undefined })
  await again.close()
  t.same(await messages(file), [])
  await t.rejects(again.append([{ event: 'intent' }]), { code: 'audit-unavailable' }, 'the trail is closed')
})

t.test('two processes can\'t write the same trail', async (t) => {
  const { file } = newTrail()
  const trail = await open(t, file)
  await t.rejects(open(t, file), { name: 'UnusableTrail', message: /which another process writes, expected a file of its own for each process/ })
  await append(trail, 'a')
  await trail.close()
  t.match((await open(t, file)).isWritable, true)
  t.same(await messages(file), [])
})

t.test('unusable paths', async (t) => {
  const folder = t.testdir({ 'file.txt': 'no trail\n', 'part.txt': '{"sequence":1', folder: {} })
  execFileSync('mkfifo', [join(folder, 'fifo')])
  for (const [place, message] of Object.entries({
    'none/audit.jsonl': /ENOENT on opening/,
    'file.txt/audit.jsonl': /ENOTDIR on opening/,
    folder: /EISDIR on opening/,
    fifo: /which is not a regular file/,
    'file.txt': /a file that is not an audit trail/,
    'part.txt': /a file that is not an audit trail/
  })) await t.rejects(open(t, join(folder, place)), { name: 'UnusableTrail', message }, place)
  await t.rejects(open(t, '/dev/full'), { name: 'UnusableTrail', message: /which is not a regular file|on opening/ })
  rmSync('/dev/full.lock', { force: true })
  rmSync('/dev/full.head', { force: true })
  t.equal(readFileSync(join(folder, 'file.txt'), 'utf8') + readFileSync(join(folder, 'part.txt'), 'utf8'), 'no trail\n{"sequence":1', 'the files are not changed')
})

t.test('rotation: the file is moved away', async (t) => {
  const { file } = newTrail()
  const trail = await open(t, file)
  await append(trail, 'a')
  renameSync(file, `${file}.2`)
  await append(trail, 'b')
  t.match(readTrail(`${file}.2`).at(-1), { name: 'b' }, 'the first write after the move goes to the moved file')
  await append(trail, 'c')
  t.match(readTrail(file), [{ event: 'resume', found: 'moved' }, { name: 'c' }])

  renameSync(file, `${file}.1`)
  writeFileSync(file, '', { mode: 0o640 })
  trail.reopen()
  await append(trail, 'd')
  t.match(readTrail(file), [{ event: 'resume', found: 'moved' }, { name: 'd' }], 'a file created by the rotation is used immediately after reopen')
  t.equal(readTrail(`${file}.1`).length, 2)
  trail.reopen()
  await append(trail, 'e')
  t.equal(readTrail(file).length, 3, 'reopen has no effect if the file was not moved')
  t.same(await messages(`${file}.2`, `${file}.1`, file), [])
  t.same(await messages(`${file}.2`, file), ['1: records 4 to 5 are missing before it'])
  t.same(await messages(file, `${file}.1`).catch(() => 'without a head'), 'without a head')

  renameSync(file, `${file}.0`)
  trail.reopen()
  await trail.close()
  t.match(readTrail(file), [{ event: 'resume', found: 'moved' }, { event: 'close' }], 'closing writes the close record to the new file')
  renameSync(file, `${file}.00`)
  await append(await open(t, file), 'f')
  t.match(readTrail(file), [{ event: 'start', found: 'moved' }, { name: 'f' }], 'a rotation while no process was running')
  t.same(await messages(`${file}.2`, `${file}.1`, `${file}.0`, `${file}.00`, file), [])
})

t.test('changes to the file while it is being written', async (t) => {
  const cases: Record<string, { damage: (file: string) => void, found: string, first: string }> = {
    removed: { damage: (file) => { rmSync(file) }, found: 'removed', first: '1: records 1 to 3 are missing before it' },
    emptied: { damage: (file) => { truncateSync(file, 0) }, found: 'cut-off', first: '1: records 1 to 3 are missing before it' },
    'cut off': {
      damage: (file) => { truncateSync(file, readFileSync(file).lastIndexOf('\n', -2) + 1) },
      found: 'changed',
      first: '3: record 3 is missing before it'
    },
    'cut off in a record': { damage: (file) => { truncateSync(file, statSync(file).size - 3) }, found: 'changed', first: '3: is not a record' },
    'a record added': {
      damage: (file) => { appendFileSync(file, `${readFileSync(file, 'utf8').split('\n')[1] ?? ''}\n`) },
      found: 'changed',
      first: '4: comes after record 3: it was moved or duplicated'
    },
    'something added': { damage: (file) => { appendFileSync(file, 'something') }, found: 'changed', first: '4: is not a record' }
  }
  for (const [what, { damage, found, first }] of Object.entries(cases)) {
    const { file } = newTrail()
    const trail = await open(t, file)
    await append(trail, 'a', 'b')
    damage(file)
    await append(trail, 'c')
    t.match(readTrailLoosely(file).slice(-2), [{ event: 'resume', found }, { name: 'c' }], `${what}: the record is written anyway`)
    await trail.close()
    const findings = await messages(file)
    t.equal(findings[0], first, what)
    if (found === 'removed') t.equal(findings[1], '1: the file before it was removed while it was being written')
  }
})

/** Reads the records of a file, and skips lines that are not JSON. */
const readTrailLoosely = (file: string): { event?: string, found?: string }[] => readFileSync(file, 'utf8').split('\n').flatMap((line) => {
  try {
    return [JSON.parse(line) as { event: string }]
  } catch {
    return []
  }
})

t.test('after a crash', async (t) => {
  const { file } = newTrail()
  const trail = await open(t, file)
  await append(trail, 'a')
  const early = `${file}.early`
  copyFileSync(`${file}.head`, early)
  await append(trail, 'b')

  const started = async (copy: string, change: (copy: string) => void = () => undefined, key = trailKey): Promise<object> => {
    change(copy)
    const after = await open(t, copy, key)
    await append(after, 'after')
    await after.close()
    return readTrailLoosely(copy).findLast(({ event }) => event === 'start') ?? {}
  }

  t.test('the trail continues and records what was found', async (t) => {
    const copy = crashed(file)
    t.match(await started(copy), { found: 'intact', torn: undefined })
    t.same(await messages(copy), [])
  })

  t.test('a partial write is dropped and reported', async (t) => {
    const next = chainRecord('"event":"intent","name":"never answered"', { sequence: 3, hash: readTrail(file).at(-1).hash })
    for (const part of ['{"sequence":4,"ti', next.line, `${next.line}{"sequence":5,`, '\0'.repeat(100)]) {
      const copy = crashed(file)
      t.match(await started(copy, () => { appendFileSync(copy, part) }), { found: 'intact', torn: part.length, sequence: 4 })
      t.match(await verifyFiles(copy), { findings: [], notes: [{ line: 4, sequence: 4, message: `bytes of an unfinished write after a crash, which were dropped: ${part.length}` }] })
    }
  })

  t.test('a complete write that the head does not include yet is kept', async (t) => {
    const copy = crashed(file, early)
    t.match(await started(copy, () => { appendFileSync(copy, '{"seq') }), { found: 'intact', torn: 5, sequence: 4 })
    t.match(await verifyFiles(copy), { findings: [], notes: [{ message: /unfinished/ }] })
    t.match(readTrail(copy)[2], { name: 'b' })
  })

  t.test('a complete write that the head does not include yet is not accepted if somebody has changed it', async (t) => {
    for (const [what, change] of Object.entries<(text: string) => string>({
      'a byte': (text) => text.replace('"b"', '"x"'),
      'a record twice': (text) => text + text.slice(text.lastIndexOf('\n', text.length - 2) + 1),
      'a line that is no record': (text) => `${text}{}\n`
    })) {
      const copy = crashed(file, early)
      t.match(await started(copy, () => { writeFileSync(copy, change(readFileSync(copy, 'utf8'))) }), { found: 'changed', sequence: 3 }, what)
    }
  })

  t.test('records added without the key are not accepted', async (t) => {
    const copy = crashed(file)
    const other = signingKey(newKey())
    const forged = chainRecord('"event":"intent"', { sequence: 3, hash: readTrail(file).at(-1).hash }, (link) => other.sign('record', link))
    t.match(await started(copy, () => { appendFileSync(copy, forged.line) }), { found: 'changed', sequence: 4 })
    t.match(await messages(copy), ['4: is not signed with the trail\'s key', '5: comes after record 4: it was moved or duplicated', '5: the file was changed before this record', '6: does not follow'])
  })

  t.test('right after a new file was started', async (t) => {
    renameSync(file, `${file}.1`)
    copyFileSync(`${file}.head`, early)
    trail.reopen()
    await append(trail, 'c')
    const copy = crashed(file, early)
    t.match(await started(copy), { found: 'intact', sequence: 6 })
    t.same(await messages(`${file}.1`, copy), [])
    const first = readFileSync(copy, 'utf8').slice(0, 300)
    for (const part of [first.slice(0, 5), first, '']) {
      const begun = crashed(file, early)
      t.match(await started(begun, () => { writeFileSync(begun, part) }), { found: 'moved', sequence: 4 }, `${part.length} bytes of it`)
      t.same(await messages(`${file}.1`, begun), [])
    }
    const foreign = crashed(file, early)
    t.match(await started(foreign, () => { writeFileSync(foreign, 'something else') }), { found: 'cut-off', sequence: 4 })
  })

  t.test('a cut-off end', async (t) => {
    const copy = crashed(`${file}.1`, early)
    t.match(await started(copy, () => { truncateSync(copy, readFileSync(copy).lastIndexOf('\n', -2) + 1) }), { found: 'cut-off', sequence: 4 })
    t.same(await messages(copy), ['3: record 3 is missing before it', '3: the end of the file before this record was cut off'])
  })

  t.test('a changed end', async (t) => {
    const changes: Record<string, (copy: string) => void> = {
      'a byte': (copy) => { writeFileSync(copy, readFileSync(copy, 'utf8').replace('"b"', '"x"')) },
      'a longer file with other content': (copy) => { writeFileSync(copy, 'x'.repeat(2_000_000)) },
      'records of another trail': (copy) => { appendFileSync(copy, readFileSync(copy)) }
    }
    for (const [what, change] of Object.entries(changes)) {
      const copy = crashed(`${file}.1`, early)
      t.match(await started(copy, change), { found: 'changed', sequence: 4 }, what)
      t.match((await messages(copy)).at(-1), 'the file was changed before this record')
    }
  })

  t.test('a head that is missing, damaged or signed with another key', async (t) => {
    const other = signingKey(newKey())
    const without = (copy: string): void => { rmSync(`${copy}.head`) }
    const damaged = (copy: string): void => { writeFileSync(`${copy}.head`, 'x') }
    for (const [change, key, found] of [[without, trailKey, 'no-head'], [damaged, trailKey, 'unsigned-head'], [() => undefined, other, 'unsigned-head']] as const) {
      const copy = crashed(`${file}.1`, early)
      t.match(await started(copy, change, key), { found, sequence: 4 })
      t.match((await messages(copy))[0], key === trailKey ? /^4: at this start the head was / : /^4: is not signed/)
    }
    const copy = crashed(`${file}.1`, early)
    const torn = await started(copy, () => { without(copy); appendFileSync(copy, '{"seq') })
    t.match(torn, { found: 'no-head', torn: 5, sequence: 4 })
  })

  t.test('neither a trail nor a head', async (t) => {
    const copy = crashed(file)
    t.match(await started(copy, () => { rmSync(copy); rmSync(`${copy}.head`) }), { found: 'nothing', sequence: 1 })
    t.ok(existsSync(`${copy}.head`))
  })
})
