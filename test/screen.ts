import xterm from '@xterm/headless'

/** The size of the terminals in which tests run commands. */
export const size = { cols: 160, rows: 60 } as const

/**
 * Returns the text that a terminal shows after it has received this output, including what has scrolled off its screen. Text that
 * a program has written and then erased is not included.
 */
export async function shownBy (output: string, cols: number = size.cols): Promise<string> {
  const terminal = new xterm.Terminal({ ...size, cols, scrollback: 10_000, allowProposedApi: true })
  await new Promise<void>((resolve) => { terminal.write(output, resolve) })
  const { active } = terminal.buffer
  const lines: string[] = []
  for (let index = 0; index < active.length; index++) {
    const line = active.getLine(index)
    if (line === undefined) continue
    // A line that is longer than the screen is wide continues on the next line.
    if (line.isWrapped) lines.push(`${lines.pop() ?? ''}${line.translateToString(true)}`)
    else lines.push(line.translateToString(true))
  }
  terminal.dispose()
  return `${lines.join('\n').trimEnd()}\n`
}
