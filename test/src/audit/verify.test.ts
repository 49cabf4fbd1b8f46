import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { fileSink } from '#src/audit/file-sink'
import { parseHead } from '#src/audit/head'
import { newKey, signingKey, verifyingKey, type SigningKey } from '#src/audit/key'
import { chainRecord, encodeEntry, type RequestEntry } from '#src/audit/record'
import { openTrail } from '#src/audit/trail'
import type { Verification, VerifyOptions } from '#src/audit/verify'
import { newTrail, trailKey, verifyBytes, verifyWithOptions } from '#test/audit-trail'

const entry = (number: number): RequestEntry => ({
  event: number % 2 === 0 ? 'intent' : 'outcome',
  requestId: `request-${number}`,
  caller: { id: 'müller', method: 'oidc' },
  peer: '127.0.0.1',
  action: 'GetSecretValue',
  environment: 'dev',
  name: `payments/db-${number}`,
  decision: { allowed: true, policies: ['readers'] }
})

/** Writes a trail with the given number of requests and closes it gracefully. Returns its bytes and its head. */
async function written (requests: number, key: SigningKey = trailKey): Promise<{ bytes: Buffer, head: string }> {
  const { file } = newTrail()
  const trail = await openTrail({ sink: fileSink(file, 'written', key), key, writeTimeout: 60_000, checkpointEvery: { records: 500, milliseconds: 60_000 } })
  for (let number = 0; number < requests; number += 100) {
    await trail.append(Array.from({ length: Math.min(100, requests - number) }, (_, index) => entry(number + index)))
  }
  await trail.close()
  return { bytes: readFileSync(file), head: readFileSync(`${file}.head`, 'utf8') }
}

/** Splits a trail into lines, each with its line feed. */
const linesOf = (bytes: Buffer): string[] => bytes.toString('latin1').split(/(?<=\n)/)
const bytesOf = (lines: readonly string[]): Buffer => Buffer.from(lines.join(''), 'latin1')

const messages = ({ findings }: Verification): string[] => findings.map(({ line, sequence, message }) => `${line}: ${sequence ?? ''} ${message}`)

async function finds (t: Test, bytes: Buffer, options: VerifyOptions, ...expected: (string | RegExp)[]): Promise<void> {
  const found = messages(await verifyBytes([bytes], options))
  t.equal(found.length, expected.length, found.join('\n'))
  for (const [index, text] of expected.entries()) t.match(found[index], text)
}

const replaced = (lines: readonly string[], index: number, ...by: readonly string[]): Buffer =>
  bytesOf([...lines.slice(0, index), ...by, ...lines.slice(index + 1)])

t.test('verifies an intact trail', async (t) => {
  const { bytes, head } = await written(1_200)
  const verification = await verifyBytes([bytes], { head })
  t.match(verification, { findings: [], notes: [], records: 1_204, first: { sequence: 1 }, last: { sequence: 1_204 }, isClosed: true })
  t.equal(linesOf(bytes).filter((line) => line.includes('"event":"checkpoint"')).length, 2)
  t.same((await verifyBytes([bytes], { head, keys: [verifyingKey(newKey()), trailKey.publicKey] })).findings, [], 'with one key of several')
  t.match(await verifyWithOptions([bytes], { head }), { findings: [], records: 1_204 }, 'with the key named in the trail itself')
})

t.test('finds a change to any byte of a small trail', async (t) => {
  const { bytes, head } = await written(2)
  t.equal(linesOf(bytes).length, 4)
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.readUInt8(at)
    for (const other of [byte ^ 1, 0x0a]) {
      if (other === byte) continue
      const changed = Buffer.from(bytes)
      changed.writeUInt8(other, at)
      const { findings } = await verifyBytes([changed], { head })
      const line = bytes.subarray(0, at).toString('latin1').split('\n').length
      if (findings.length === 0 || (findings[0]?.line ?? 0) !== line) t.fail(`byte ${at} of line ${line} changed to ${other}`, { findings })
    }
    const without = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
    if ((await verifyBytes([without], { head })).findings.length === 0) t.fail(`byte ${at} removed`)
    const twice = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + 1), bytes.subarray(at)])
    if ((await verifyBytes([twice], { head })).findings.length === 0) t.fail(`byte ${at} twice`)
    if ((await verifyBytes([bytes.subarray(0, at)], { head })).findings.length === 0) t.fail(`cut off before byte ${at}`)
    const { findings } = await verifyBytes([bytes.subarray(0, at)])
    if (!findings.some(({ message }) => message.startsWith('the end of the trail is not known'))) t.fail(`cut off before byte ${at}, without a head`)
  }
})

t.test('10,000 records', async (t) => {
  const { bytes, head } = await written(10_000)
  const lines = linesOf(bytes)
  t.ok(lines.length > 10_000)
  t.same((await verifyBytes([bytes], { head })).findings, [])

  t.test('finds a changed byte and names the record', async (t) => {
    const members = ['"sequence":', '"time":"2', '"event":"', '"requestId":"', '"id":"', '"peer":"', '"action":"', '"name":"', '"allowed":', '"previous":"', '"hash":"']
    for (const [index, member] of [...members, ...members].entries()) {
      const number = 2 + (index * 4_567) % 9_990
      const line = lines[number] ?? ''
      const at = line.includes(member) ? line.indexOf(member) + member.length : 5
      const other = line.charAt(at) === '1' ? '2' : '1'
      await finds(t, replaced(lines, number, line.slice(0, at) + other + line.slice(at + 1)), { head }, `${number + 1}: ${number + 1} `)
    }
    const last = lines.at(-1) ?? ''
    for (const [from, to] of [['"close"', '"other"'], ['"signature":"', '"signature":"0'], ['}\n', '}']] as const) {
      t.not((await verifyBytes([replaced(lines, lines.length - 1, last.replace(from, to))], { head })).findings.length, 0, from)
    }
  })

  t.test('finds a cut-off end and reports the missing records', async (t) => {
    for (let number = 1; number < lines.length; number += 487) {
      const kept = bytesOf(lines.slice(0, number))
      const missing = number === lines.length - 1 ? `record ${lines.length} is` : `records ${number + 1} to ${lines.length} are`
      const [found, ...more] = messages(await verifyBytes([kept], { head }))
      t.equal(found, `${number}:  ${missing} missing at the end`)
      // If the trail was cut off within a write, the unsigned records of this write are reported, too.
      t.ok(more.every((message) => message.endsWith(' at the end and not signed: an incomplete write')), more.join('\n'))
    }
    await finds(t, Buffer.alloc(0), { head }, `records 1 to ${lines.length} are missing at the end`)
  })

  t.test('finds records that were removed, moved, duplicated or replaced', async (t) => {
    const line = (number: number): string => lines[number - 1] ?? ''
    await finds(t, replaced(lines, 4_999), { head }, '5000: 5001 record 5000 is missing before it')
    await finds(t, replaced(lines, 4_999, '\n'), { head }, '5000: 5000 is not a record')
    await finds(t, replaced(lines, 4_999, line(5_001), line(5_000)), { head }, '5000: 5001 record 5000 is missing before it', '5001: 5000 comes after record 5001', '5002: 5001 comes after')
    await finds(t, replaced(lines, 4_999, line(5_000), line(5_000)), { head }, '5001: 5000 comes after record 5000: it was moved or duplicated')
    await finds(t, bytesOf([...lines.slice(0, 100), ...lines.slice(200)]), { head }, '101: 201 records 101 to 200 are missing before it')
    const { line: forged } = chainRecord('"event":"intent"', { sequence: 4_999, hash: /"previous":"(\w+)"/.exec(line(5_000))?.[1] ?? '' })
    await finds(t, replaced(lines, 4_999, forged), { head }, '5001: 5001 does not follow the record before it')
  })

  t.test('a missing start shows in the sequence number of the first record', async (t) => {
    const { findings, first } = await verifyBytes([bytesOf(lines.slice(4_000))], { head })
    t.match([findings, first], [[], { sequence: 4_001 }])
  })
})

t.test('signatures', async (t) => {
  const other = signingKey(newKey())
  const { bytes, head } = await written(2)
  const lines = linesOf(bytes)
  await finds(t, bytes, { head, keys: [other.publicKey] }, '1: 1 is not signed with the trail\'s key', '3: 3 is not signed', '4: 4 is not signed', 'the head is not signed with')
  const [, intent = '', outcome = '', close = ''] = lines
  t.same(lines.map((line) => line.includes(',"signed":true,"hash"')), [true, false, true, true], 'control records and the last record of each write')
  const bare = (line: string): string => line.replace(/,"signature":"\w+"/, '')
  await finds(t, replaced(lines, 3, bare(close)), { head }, '4: 4 is not a record', '4:  record 4 is missing at the end')
  await finds(t, replaced(lines, 2, bare(outcome)), { head }, '3: 3 is not a record')
  await finds(t, replaced(lines, 2, bare(outcome).replace(',"signed":true', '')), { head }, '3: 3 was changed')
  const signature = /,"signature":"\w+"/.exec(close)?.[0] ?? ''
  await finds(t, replaced(lines, 1, intent.replace(/\}\n$/, `${signature}}\n`)), { head }, '2: 2 is not a record')
  await finds(t, replaced(lines, 2, outcome.replace(/,"signature":"\w+"/, signature)), { head }, '3: 3 is not signed with the trail\'s key')
  const { line: checkpoint } = chainRecord(encodeEntry({ event: 'checkpoint' }, 0), { sequence: 4, hash: /"hash":"(\w+)"/.exec(close)?.[1] ?? '' })
  await finds(t, Buffer.concat([bytes, Buffer.from(checkpoint)]), { isPart: true }, '5: 5 is not signed', '5:  record 5 is at the end and not signed: added by somebody without the key')

  t.test('finds a trail that was rewritten without the key', async (t) => {
    const forged = await written(2, other)
    await finds(t, forged.bytes, { head }, '1: 1 is not signed', '3: 3 is not signed', '4: 4 is not signed', '4: 4 does not match the known record')
    await finds(t, forged.bytes, { head: forged.head }, 'is not signed', 'is not signed', 'is not signed', 'the head is not signed')
    const { findings } = await verifyWithOptions([forged.bytes], { head: forged.head })
    t.same(findings, [], 'but not if the key named in the trail itself is trusted')
  })

  t.test('an invalid key in the trail', async (t) => {
    const [start = ''] = lines
    const { line } = chainRecord(encodeEntry({ event: 'start', key: 'x' }, 0), { sequence: 0, hash: '0'.repeat(64) }, (link) => other.sign('record', link))
    t.not(line, start)
    const { findings } = await verifyBytes([Buffer.from(line)], { isPart: true, keys: [] })
    t.match(findings, [{ message: 'is not signed with the trail\'s key' }])
  })
})

t.test('the head and known records', async (t) => {
  const { bytes, head } = await written(10)
  const { bytes: others } = await written(10)
  const lines = linesOf(bytes)
  const { link } = parseHead(head) ?? t.fail() as never
  await finds(t, bytes, {}, 'the end of the trail is not known')
  await finds(t, bytes, { head: head.replace('"sequence"', '"sequenze"') }, 'the end of the trail is not known')
  await finds(t, bytes, { head: head.replace(/"size":\d/, '"size":9') })
  await finds(t, bytes, { head: head.replace(/(?<="signature":")./, (digit) => digit === '0' ? '1' : '0') }, 'the head is not signed with the trail\'s key')
  await finds(t, bytes, { isPart: true })
  await finds(t, bytesOf(lines.slice(0, 11)), { isPart: true })
  await finds(t, bytesOf(lines.slice(0, 11)), { isPart: true, known: [link] }, '11:  record 12 is missing at the end')
  await finds(t, bytes, { head, known: [{ sequence: 3, hash: '0'.repeat(64) }] }, '3: 3 does not match the known record')
  await finds(t, bytesOf(lines.slice(5)), { head, known: [{ sequence: 3, hash: '0'.repeat(64) }] }, '1: 6 records 1 to 5 are missing before it', 'record 3 is missing')
  await finds(t, bytesOf(lines.slice(5)), { head }, '1: 6 records 1 to 5 are missing before it')
  await finds(t, bytesOf(lines.slice(5)), { head, from: 3 }, '1: 6 records 3 to 5 are missing before it')
  for (const from of [6, 9]) await finds(t, bytesOf(lines.slice(5)), { head, from })
  await finds(t, bytesOf(['x\n', ...lines.slice(1)]), { head }, /is not a record/)
  await finds(t, Buffer.concat([bytes, others]), { head }, '13: 1 begins another trail')
  const { line: begun } = chainRecord('"event":"intent"', { sequence: 0, hash: '1'.repeat(64) })
  await finds(t, replaced(lines, 0, begun), { head }, '1: 1 is the first record, but refers to a previous one', '2: 2 does not follow the record before it')
})

t.test('a trail that is read while it is being written', async (t) => {
  const { bytes, head } = await written(3)
  const { findings, notes } = await verifyBytes([Buffer.concat([bytes, Buffer.from('{"sequence":6,"ti')])], { head })
  t.match([findings, notes], [[], [{ message: /^an incomplete record after the head/, line: 6 }]])
})

t.test('a file that is not a trail', async (t) => {
  const { head } = await written(1)
  for (const text of ['x', 'x\n', 'x'.repeat(3_000_000), '\n'.repeat(1_500), 'null\n', '{"sequence":1}\n']) {
    const { findings, records } = await verifyBytes([Buffer.from(text)], { head })
    t.ok(findings.length > 1 && findings.length <= 1_000)
    t.equal(records, 0)
  }
})

t.test('nothing may precede or follow a record or a head', async (t) => {
  const { bytes, head } = await written(1)
  const lines = linesOf(bytes)
  const last = (lines.at(-1) ?? '').trimEnd()
  for (const addition of [' ', '\t', '\r', '\0', 'x', ',']) {
    for (const line of [addition + last, last + addition]) {
      const { findings } = await verifyBytes([replaced(lines, lines.length - 1, `${line}\n`)], { head })
      t.ok(findings.some(({ message }) => message === 'is not a record'), JSON.stringify(line))
    }
    t.equal(parseHead(addition + head), undefined, `${JSON.stringify(addition)} before the head`)
    if (addition.trim() !== '') t.equal(parseHead(head.trimEnd() + addition), undefined, `${JSON.stringify(addition)} behind the head`)
  }
  t.ok(parseHead(head), 'a head is padded with blanks to one sector')
})
