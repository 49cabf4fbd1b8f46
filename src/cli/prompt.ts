import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { CommandFailure, type Terminal } from './terminal.ts'

/** Asks on standard error for a line of standard input, which must be a terminal. */
async function ask ({ stdin, stderr }: Terminal, question: string, echo: boolean): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => { done() } })
  const lines = createInterface({ input: stdin, output: echo ? stderr : nowhere, terminal: true, historySize: 0 })
  // Only now: what is typed at once would still be shown.
  stderr.write(question)
  const interrupted = new AbortController()
  for (const event of ['SIGINT', 'close'] as const) lines.once(event, () => { interrupted.abort() })
  try {
    return await lines.question('', { signal: interrupted.signal })
  } catch {
    throw new CommandFailure('Nothing was sent')
  } finally {
    lines.close()
    if (!echo) stderr.write('\n')
  }
}

/** Asks for a secret: what is typed is not shown. */
export const askSecret = (terminal: Terminal, question: string): Promise<string> => ask(terminal, question, false)

/** Asks a question that `y` or `yes` agrees to. */
export async function confirm (terminal: Terminal, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(terminal, `${question} [y/N] `, true)).trim())
}
