import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { escapedJson, visible, visibleLines } from './visible.ts'

export type Style = Parameters<typeof styleText>[0]

/** A line: either its text, or a list of its parts, each with an optional style. */
export type Line = string | readonly { text: string, style?: Style | undefined }[]

/**
 * The only way in which commands write to standard output or standard error. All functions except {@link Output.bytes} make the
 * control and format characters in their arguments visible. They add their own control sequences, such as colours, only
 * afterwards.
 */
export interface Output {
  readonly isTerminal: boolean
  /** Writes lines. Line breaks inside a line are made visible, too. */
  lines: (lines: readonly Line[]) => void
  /** Writes text of several lines. */
  text: (text: string) => void
  /** Writes JSON. Control and format characters become JSON escapes, so a parser still reads the original characters. */
  json: (value: object) => void
  /** Writes over the current line of a terminal, for example to update a progress bar. */
  redraw: (text: string) => void
  /** Writes bytes unchanged. Values may be written in this way to a file or a pipe, but never to a terminal. */
  bytes: (bytes: Uint8Array) => void
  /**
   * The stream to which `readline` writes a prompt and the user's input. It escapes nothing, so the caller must apply {@link
   * visible} to the prompt.
   */
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
  // With validateStream, styleText would use this process's environment variables instead of the given ones.
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
