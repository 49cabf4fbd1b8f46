/**
 * Replays recordings of the real AWS against the embedded Secrets Manager.
 *
 *     node scripts/check-conformance.ts DIR [AT_LEAST]
 *
 * DIR holds the recordings (`recorded.scenarios.json`, `recorded.snapshot.json`) and what replays them (`replay.mjs`). Exits with
 * 1 where fewer than AT_LEAST responses match, or where a scenario fails that uses only operations that are offered.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { operations } from '../src/local-backend/operations/index.ts'
import { startLocalBackend } from '../src/local-backend/server.ts'

interface Recordings {
  scenarios: { test: string, steps: { op: string }[] }[]
}

const [folder, atLeast = '0'] = process.argv.slice(2)
if (folder === undefined) throw new TypeError('Name the folder of the recordings: node scripts/check-conformance.ts DIR [AT_LEAST]')

const scenariosFile = join(folder, 'recorded.scenarios.json')
const { scenarios } = JSON.parse(await readFile(scenariosFile, 'utf8')) as Recordings
/** The operations of each scenario that are not offered. */
const outOfReach = new Map(scenarios.map(({ test, steps }) =>
  [test, steps.map(({ op }) => op).filter((op) => !operations.has(op))]))

const backend = await startLocalBackend({ accounts: [{ accountId: '123456789012', accessKeyId: 'test', secretAccessKey: 'test' }] })
const replay = [join(folder, 'replay.mjs'), backend.url, scenariosFile, join(folder, 'recorded.snapshot.json')]
// It fails as long as any scenario does, which is for this program to judge.
const output = await promisify(execFile)(process.execPath, replay, { maxBuffer: 1 << 26 })
  .then(({ stdout }) => stdout, (failure: unknown) => (failure as { stdout: string }).stdout)
await backend.close()

const [, matched, all] = /^(\d+)\/(\d+) recorded responses matched$/m.exec(output) ?? []
if (matched === undefined || all === undefined) throw new Error(`The replay did not end:\n${output}`)
const failing = Array.from(output.matchAll(/^FAIL (.+)$/gm), ([, test = '']) => test)
const unexpected = failing.filter((test) => (outOfReach.get(test) ?? []).length === 0)
const missing = [...new Set(failing.flatMap((test) => outOfReach.get(test) ?? []))].sort()

if (unexpected.length > 0) console.log(output)
console.log(`${matched} of ${all} recorded responses match, at least ${atLeast} must`)
console.log(`${failing.length} of ${scenarios.length} scenarios fail, for want of: ${missing.join(', ') || 'nothing'}`)
for (const test of unexpected) console.log(`not ok  ${test} fails although each of its operations is offered`)
process.exitCode = unexpected.length > 0 || Number(matched) < Number(atLeast) ? 1 : 0
