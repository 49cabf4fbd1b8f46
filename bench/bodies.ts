/**
 * Measures the cost of parsing a request's body: the total CPU time, and the longest time for which the event loop is blocked,
 * both in milliseconds. For comparison, the same bodies are parsed with `JSON.parse`, which checks less and can't be interrupted.
 *
 * node bench/bodies.ts [ROUNDS]
 */
import { setImmediate } from 'node:timers/promises'
import { parseJson } from '#src/http/json'
import type { BodySchema } from '#src/http/numbers'
import { median } from './statistics.ts'

const rounds = Number(process.argv[2] ?? 9)
const bodyOf = (item: (index: number) => unknown): string =>
  JSON.stringify({ secrets: Array.from({ length: 10_000 }, (_, index) => item(index)) })
const numbers = (length: number): string =>
  `{"secrets":[${Array.from({ length }, () => `{"name":"a","value":{"list":[${Array(19).fill('1.0').join(',')}]}}`).join(',')}]}`

const bodies: Readonly<Record<string, string>> = {
  '10,000 small items': bodyOf((index) => ({ name: `secret/${index}`, value: 'v'.repeat(60) })),
  '10,000 items with escapes': bodyOf((index) => ({ name: `secret/${index}`, value: '"\\n"'.repeat(20) })),
  '10,000 items, 15 MB': bodyOf((index) => ({ name: `secret/${index}`, value: 'v'.repeat(1_500) })),
  '230,000 values': bodyOf((index) => ({ name: `secret/${index}`, value: Array(10).fill({ key: index }) })),
  '190,000 numbers with a zero too many': numbers(9_500)
}

/** The items may have any members, so that `parseJson` accepts numbers in any notation, as `JSON.parse` does. */
const schema: BodySchema = { type: 'object', properties: { secrets: { type: 'array', items: { type: 'object' } } } }

/** Returns the CPU time of this thread so far, in milliseconds. Unlike the time of day, it ignores other load on the machine. */
function cpuTime (): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** Parses a body. Returns the CPU time of the whole parse, and of the longest iteration of the event loop during it. */
async function parseInPieces (body: Buffer): Promise<{ cpu: number, longest: number }> {
  const began = cpuTime()
  let [longest, last] = [0, began]
  const parsed = parseJson(body, schema).then(() => true)
  while (!await Promise.race([parsed, setImmediate(false)])) {
    longest = Math.max(longest, cpuTime() - last)
    last = cpuTime()
  }
  return { cpu: cpuTime() - began, longest: Math.max(longest, cpuTime() - last) }
}

function parseAtOnce (text: string): number {
  const began = cpuTime()
  JSON.parse(text)
  return cpuTime() - began
}

const row = (title: string, cells: readonly string[]): void => {
  console.log(title.padEnd(40) + cells.map((cell) => cell.padStart(12)).join(''))
}

row('body', ['MB', 'JSON.parse', 'CPU', 'ratio', 'longest'])
for (const [title, text] of Object.entries(bodies)) {
  const body = Buffer.from(text)
  const runs: { atOnce: number, cpu: number, longest: number }[] = []
  // Discards one warm-up round, in which V8 compiles the code.
  for (let round = -1; round < rounds; round++) {
    const run = { atOnce: parseAtOnce(text), ...await parseInPieces(body) }
    if (round >= 0) runs.push(run)
  }
  const atOnce = median(runs.map((run) => run.atOnce))
  const cpu = median(runs.map((run) => run.cpu))
  const longest = median(runs.map((run) => run.longest))
  row(title, [body.length / 1e6, atOnce, cpu, cpu / atOnce, longest].map((number) => number.toFixed(1)))
}
