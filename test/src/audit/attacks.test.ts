import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import t, { type Test } from 'tap'
import { fileSink } from '#src/audit/file-sink'
import { chainRecord, encodeEntry, genesis, type Entry, type Link } from '#src/audit/record'
import { openTrail } from '#src/audit/trail'
import { newTrail, trailKey, verifyBytes } from '#test/audit-trail'

/** The lines of a trail's files, and the content of its head. */
interface Written { files: string[][], head: string }

const linesOf = (file: string): string[] => readFileSync(file, 'latin1').split(/(?<=\n)/)

/**
 * Writes a trail, and returns four copies of it: `crashed` is what a crash would leave, and the others were made after a
 * checkpoint, after a rotation and after the close.
 */
async function written (): Promise<Record<'crashed' | 'checkpointed' | 'rotated' | 'closed', Written>> {
  const { file } = newTrail()
  const trail = await openTrail({ sink: fileSink(file, 'written', trailKey), key: trailKey, writeTimeout: 60_000, checkpointEvery: { records: 4, milliseconds: 60_000 } })
  const now = (...files: string[]): Written => ({ files: files.map(linesOf), head: readFileSync(`${file}.head`, 'utf8') })
  const append = async (name: string): Promise<unknown> => trail.append([{ event: 'intent', name }, { event: 'outcome', name }])
  await append('a')
  const crashed = now(file)
  await append('b')
  const checkpointed = now(file)
  renameSync(file, `${file}.1`)
  trail.reopen()
  await append('c')
  const rotated = now(`${file}.1`, file)
  await trail.close()
  return { crashed, checkpointed, rotated, closed: now(`${file}.1`, file) }
}

const linkOf = (line: string): Link => {
  const [, sequence, hash = ''] = /^\{"sequence":(\d+),.*"hash":"(\w{64})"/.exec(line) ?? []
  return { sequence: Number(sequence), hash }
}

/** Builds unsigned records that continue the chain after the line `after`. Anybody can do this, because it needs no key. */
function forged (after: string, ...entries: readonly Entry[]): string[] {
  let link = after === '' ? genesis : linkOf(after)
  return entries.map((entry) => {
    const record = chainRecord(encodeEntry(entry, Date.parse('2026-11-21T08:00:00Z')), link)
    link = record.link
    return record.line
  })
}

const denial: Entry = { event: 'denial', name: 'never happened' }
const intent: Entry = { event: 'intent', name: 'never happened' }

/** Changes that somebody who can write to the files, but does not have the key, can make to the lines of the last file. */
const attacks: Record<string, (lines: string[]) => string[]> = {
  'appends one unsigned record': (lines) => [...lines, ...forged(lines.at(-1) ?? '', denial)],
  'appends two unsigned records': (lines) => [...lines, ...forged(lines.at(-1) ?? '', intent, denial)],
  'appends an unsigned record and the beginning of another': (lines) =>
    [...lines, ...forged(lines.at(-1) ?? '', denial, intent).map((line, index) => index === 0 ? line : line.slice(0, 40))],
  'appends the beginning of a record': (lines) => [...lines, ...forged(lines.at(-1) ?? '', intent).map((line) => line.slice(0, -2))],
  'appends the beginning of a start record': (lines) => [...lines, ...forged(lines.at(-1) ?? '', { event: 'start' }).map((line) => line.slice(0, 90))],
  'appends bytes that are no record': (lines) => [...lines, 'something'],
  'appends more bytes than a record has': (lines) => [...lines, 'x'.repeat(1024 * 1024 + 1)],
  'appends an empty line': (lines) => [...lines, '\n'],
  ...Object.fromEntries((['start', 'resume', 'checkpoint', 'close'] as const).map((event) =>
    [`appends an unsigned ${event}`, (lines: string[]) => [...lines, ...forged(lines.at(-1) ?? '', { event })]])),
  'appends an unsigned record and repeats the last one': (lines) => [...lines, ...forged(lines.at(-1) ?? '', denial), lines.at(-1) ?? ''],
  'repeats the last record': (lines) => [...lines, lines.at(-1) ?? ''],
  'repeats all records': (lines) => [...lines, ...lines],
  'drops the last record': (lines) => lines.slice(0, -1),
  'drops the first record': (lines) => lines.slice(1),
  'drops a record in the middle': (lines) => lines.filter((_, index) => index !== lines.length - 2),
  'exchanges the last two records': (lines) => [...lines.slice(0, -2), ...lines.slice(-2).reverse()],
  'reverses all records': (lines) => lines.toReversed(),
  'replaces the last record by an unsigned one': (lines) => [...lines.slice(0, -1), ...forged(lines.at(-2) ?? '', denial)],
  'replaces the last record by two unsigned ones': (lines) => [...lines.slice(0, -1), ...forged(lines.at(-2) ?? '', denial, denial)],
  'inserts an unsigned record before the last one': (lines) => [...lines.slice(0, -1), ...forged(lines.at(-2) ?? '', denial), ...lines.slice(-1)],
  'writes the file anew': (lines) => forged('', { event: 'start' }, ...lines.slice(1).map(() => denial)),
  'removes all records': () => []
}

/**
 * The attacks that look like a crash. The verification reports the records they add as unproved. After a `close` record, however,
 * a crash can leave nothing but the beginning of a `start` record, so then all other attacks are found.
 */
const likeCrash: Readonly<Record<string, { unproved: number, evenWhenClosed?: true }>> = {
  'appends one unsigned record': { unproved: 1 },
  'appends two unsigned records': { unproved: 2 },
  'appends an unsigned record and the beginning of another': { unproved: 2 },
  'appends the beginning of a record': { unproved: 1 },
  'appends the beginning of a start record': { unproved: 1, evenWhenClosed: true },
  'appends bytes that are no record': { unproved: 1 }
}

t.test('every change to a trail that is made without the key is found, or is reported as unproved', async (t) => {
  for (const [moment, { files, head }] of Object.entries(await written())) {
    const before = files.slice(0, -1).map((lines) => Buffer.from(lines.join(''), 'latin1'))
    const lines = files.at(-1) ?? []
    const last = linkOf(lines.at(-1) ?? '')
    const verify = async (...last: string[][]): ReturnType<typeof verifyBytes> =>
      verifyBytes([...before, ...last.map((lines) => Buffer.from(lines.join(''), 'latin1'))], { head })
    const untouched = await verify(lines)
    t.match(untouched, { findings: [], notes: [], records: last.sequence, last, unproved: undefined }, moment)

    for (const [name, attack] of Object.entries(attacks)) {
      const allowed = likeCrash[name]
      const { findings, notes, records, unproved, last: proved } = await verify(attack(lines))
      if (allowed === undefined || (moment === 'closed' && allowed.evenWhenClosed !== true)) {
        t.not(findings.length, 0, `${moment}: ${name}`)
        continue
      }
      t.same({ findings, records, proved, unproved }, {
        findings: [], records: last.sequence, proved: last, unproved: { from: last.sequence + 1, to: last.sequence + allowed.unproved }
      }, `${moment}: ${name}`)
      t.not(notes.length, 0, `${moment}: ${name}: it is noted`)
    }

    // A new file must begin with a signed record.
    for (const added of [forged(lines.at(-1) ?? '', denial), ['something'], forged(lines.at(-1) ?? '', { event: 'resume' })]) {
      t.not((await verify(lines, added)).findings.length, 0, `${moment}: a new file with ${added.join('').slice(0, 100)}`)
    }
    const begun = forged(lines.at(-1) ?? '', { event: 'resume' }).map((line) => line.slice(0, 80))
    t.match(await verify(lines, begun), { findings: [], unproved: { from: last.sequence + 1, to: last.sequence + 1 } }, `${moment}: the beginning of a new file`)
  }
})

t.test('at its next start, the gateway accepts as the result of a crash only what a crash can leave', async (t) => {
  /** Adds lines to a copy of the trail's last file, and opens the copy. Returns the `start` record with the findings. */
  async function started (t: Test, head: string, lines: readonly string[], added: readonly string[]): Promise<{ found?: unknown, torn?: unknown }> {
    const { file } = newTrail()
    const folder = t.testdir({ head, audit: [...lines, ...added].join('') })
    copyFileSync(`${folder}/head`, `${file}.head`)
    copyFileSync(`${folder}/audit`, file)
    const trail = await openTrail({ sink: fileSink(file, 'written', trailKey), key: trailKey, writeTimeout: 60_000 })
    await trail.close()
    const [start = ''] = linesOf(file).filter((line) => line.includes('"event":"start"') && line.includes('"found":') && linkOf(line).sequence > 1)
    return JSON.parse(start) as object
  }
  const { closed, crashed } = await written()
  const lines = closed.files.at(-1) ?? []
  const last = lines.at(-1) ?? ''
  const opening = forged(last, { event: 'start' }).join('')
  for (const [what, added] of Object.entries({
    'unsigned records': forged(last, intent, denial),
    'an unsigned start': [opening],
    'the beginning of another record': forged(last, denial).map((line) => line.slice(0, 90)),
    'bytes that are no record': ['something'],
    zeros: ['\0'.repeat(100)]
  })) t.match(await started(t, closed.head, lines, added), { found: 'changed', torn: undefined }, `${what} after a close`)
  for (let length = 1; length < opening.length; length += 7) {
    t.match(await started(t, closed.head, lines, [opening.slice(0, length)]), { found: 'intact', torn: length }, 'a crash while the start was being written')
  }
  t.match(await started(t, crashed.head, crashed.files[0] ?? [], forged(crashed.files[0]?.at(-1) ?? '', denial)), { found: 'intact' }, 'a crash may leave unsigned records in an open trail')
  t.match(await started(t, closed.head, [], forged(last, intent, denial)), { found: 'cut-off', torn: undefined }, 'a new file that begins with unsigned records')

  // The first trail has forged records, and its head is missing. The second one is unchanged, but was never closed.
  t.match(await started(t, '', lines, forged(last, denial)), { found: 'no-head', torn: undefined })
  const beforeClose = (await written()).rotated
  t.match(await started(t, beforeClose.head, beforeClose.files.at(-1) ?? [], []), { found: 'intact' })
})
