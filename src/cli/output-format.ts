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

/** Returns true if the result is meant for a program. Warnings then become part of the result. */
export const isForPrograms = (options: OutputOptions): boolean => formatOf(options) !== 'table'
