/** The formats of `--output`. */
export const outputFormats = ['table', 'json', 'yaml', 'env'] as const

export type OutputFormat = typeof outputFormats[number]

/** The options that choose a format. */
export interface OutputOptions {
  output?: OutputFormat
  json?: boolean
}

/** Returns the format that the options choose: `--output`, or else `--json`, or else a table. */
export const formatOf = ({ output, json = false }: OutputOptions): OutputFormat => output ?? (json ? 'json' : 'table')

/** Returns true if the result is for a program, so that warnings belong into the result and not beside it. */
export const isForPrograms = (options: OutputOptions): boolean => formatOf(options) !== 'table'
