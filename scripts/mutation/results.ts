import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Mutant } from './mutants.ts'
import type { Trial } from './trial.ts'

/** A line of the file of results, which is JSON. */
interface Result extends Trial {
  /** Identifies the mutant and the text of its file. */
  readonly id: string
  readonly title: string
}

export interface Results {
  /** Returns the result of an earlier run for a mutant, unless its file has changed since. */
  find: (mutant: Mutant, text: string) => Trial | undefined
  add: (mutant: Mutant, text: string, title: string, trial: Trial) => void
}

const idOf = (mutant: Mutant, text: string): string =>
  createHash('sha256').update(JSON.stringify([mutant, text])).digest('base64url').slice(0, 16)

/** Opens a file of results, so that a run can continue an earlier one. Without a path, nothing is found or written. */
export function openResults (path: string | undefined): Results {
  if (path === undefined) return { find: () => undefined, add: () => undefined }
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  const earlier = new Map(lines.map((line) => JSON.parse(line) as Result).map((result) => [result.id, result]))
  return {
    find: (mutant, text) => earlier.get(idOf(mutant, text)),
    add: (mutant, text, title, trial) => {
      appendFileSync(path, `${JSON.stringify({ id: idOf(mutant, text), title, ...trial } satisfies Result)}\n`)
    }
  }
}
