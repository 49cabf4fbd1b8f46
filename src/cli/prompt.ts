import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { visible } from '#src/command-line/visible'
import { CommandFailure, Interrupted, type Terminal } from './terminal.ts'

/** The message for a question without an answer. */
const nothing = 'Nothing was sent'

/**
 * Prompts on standard error and reads a line from standard input, which must be a terminal.
 *
 * @throws Interrupted on Ctrl-C
 * @throws CommandFailure at the end of the input
 */
async function ask ({ stdin, stderr }: Terminal, question: string, echo: boolean): Promise<string> {
  const discard = new Writable({ write: (_chunk, _encoding, done) => { done() } })
  const lines = createInterface({ input: stdin, output: echo ? stderr.echo : discard, terminal: true, historySize: 0 })
  // Prompts only after createInterface has disabled the terminal's own echo. Until then, the terminal shows what the user types.
  // If `echo` is true, readline writes the question below. It erases the line first, so a question written here would be lost.
  if (!echo) stderr.text(question)
  const unanswered = new AbortController()
  lines.once('SIGINT', () => { unanswered.abort(new Interrupted(nothing)) })
  lines.once('close', () => { unanswered.abort(new CommandFailure(nothing)) })
  try {
    return await lines.question(echo ? visible(question) : '', { signal: unanswered.signal })
  } catch {
    throw unanswered.signal.reason as CommandFailure
  } finally {
    lines.close()
    if (!echo) stderr.lines([''])
  }
}

/** Prompts for a secret without echoing the input. */
export const askSecret = (terminal: Terminal, question: string): Promise<string> => ask(terminal, question, false)

/** Asks for a line of text, which is shown as it is typed. */
export const askText = async (terminal: Terminal, question: string): Promise<string> =>
  (await ask(terminal, question, true)).trim()

/** Asks a yes-or-no question. Returns true only for `y` and `yes`. */
export async function confirm (terminal: Terminal, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(terminal, `${question} [y/N] `, true)).trim())
}
