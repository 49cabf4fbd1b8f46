import type { Terminal } from './terminal.ts'

/** Writes the warnings of a reply to standard error. With `--json`, they are part of the result instead. */
export function printWarnings ({ stderr }: Terminal, { json }: { json?: boolean }, warnings: readonly string[] = []): void {
  if (json !== true) stderr.lines(warnings.map((warning) => `Warning: ${warning}`))
}
