import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { escapedJson, visible, visibleLines } from './visible.ts'

export type Style = Parameters<typeof styleText>[0]

/** A line, or the parts of a line of which some have a style. */
export type Line = string | readonly { text: string, style?: Style | undefined }[]

/**
 * The only way in which commands write to standard output or standard error. Everything but {@link Output.bytes} makes control
 * and format characters visible, whoever wrote the text, and adds its own control sequences afterwards.
 */
export interface Output {
  readonly isTerminal: boolean
  /** Writes lines, in which line breaks are escaped, too. */
  lines: (lines: readonly Line[]) => void
  /** Writes text of several lines. */
  text: (text: string) => void
  /** Writes JSON. A parser gets the same strings as without the escapes. */
  json: (value: object) => void
  /** Replaces the current line of a terminal, such as a progress bar. */
  redraw: (text: string) => void
  /** Writes bytes as they are. Only for values in a file or a pipe, never for a terminal. */
  bytes: (bytes: Uint8Array) => void
  /** The stream itself, for `readline`, which writes its prompt and what the user types. The prompt must be {@link visible}. */
  readonly echo: Writable
}

/** The outputs of a program. */
export interface Outputs {
  readonly stdout: Output
  readonly stderr: Output
}

/** The standard streams and the environment variables of a process. */
export interface Streams {
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: NodeJS.ProcessEnv
}

function outputOf (stream: Streams['stdout'], { TERM, NO_COLOR = '' }: NodeJS.ProcessEnv): Output {
  const isTerminal = stream.isTTY === true
  // See https://no-color.org.
  const showsColours = isTerminal && TERM !== 'dumb' && NO_COLOR === ''
  // validateStream would consult this process's environment variables instead of the given ones.
  const styled = (text: string, style: Style | undefined): string =>
    showsColours && style !== undefined ? styleText(style, visible(text), { validateStream: false }) : visible(text)
  const formatted = (line: Line): string =>
    typeof line === 'string' ? visible(line) : line.map(({ text, style }) => styled(text, style)).join('')
  return {
    isTerminal,
    lines (lines) { stream.write(lines.map((line) => `${formatted(line)}\n`).join('')) },
    text (text) { stream.write(visibleLines(text)) },
    json (value) { stream.write(`${escapedJson(JSON.stringify(value, undefined, 2))}\n`) },
    redraw (text) { stream.write(`\r${visible(text)}`) },
    bytes (bytes) { stream.write(bytes) },
    echo: stream
  }
}

export const outputsOf = ({ stdout, stderr, env }: Streams): Outputs =>
  ({ stdout: outputOf(stdout, env), stderr: outputOf(stderr, env) })
