import { isForPrograms, type OutputOptions } from './output-format.ts'
import type { Terminal } from './terminal.ts'

/** Writes the warnings of a reply to standard error. For a program, they are part of the result instead. */
export function printWarnings ({ stderr }: Terminal, options: OutputOptions, warnings: readonly string[] = []): void {
  if (!isForPrograms(options)) stderr.lines(warnings.map((warning) => `Warning: ${warning}`))
}
