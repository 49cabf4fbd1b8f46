import { stringify } from 'yaml'
import { CommandFailure } from './terminal.ts'
import { asText, shellQuoted } from './text.ts'
import type { Variables } from './variables.ts'

/** Serializes variables. Only the Kubernetes format uses `name`, which is the name of the Kubernetes Secret. */
type Write = (variables: Variables, name: string) => string

/** Builds a format with one line per variable. */
const lines = (line: (variable: string, text: string, secret: string) => string): Write => (variables) =>
  Array.from(variables, ([variable, { secret, value }]) => `${line(variable, asText(secret, value), secret)}\n`).join('')

const texts = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Array.from(variables, ([variable, { secret, value }]) => [variable, asText(secret, value)]))

/**
 * Formats a line of a dotenv file. Quotes the text with single quotes or, if it contains a single quote, with backticks. Does not
 * use double quotes, because the rules for escapes inside them differ between dotenv parsers.
 */
function dotenv (variable: string, text: string, secret: string): string {
  const quote = ['\'', '`'].find((quote) => !text.includes(quote))
  // Even in single quotes or backticks, some parsers treat a backslash as an escape if it precedes a quote or another backslash.
  if (quote === undefined || /\r|\\(?:$|[\\'`])/.test(text)) throw new CommandFailure(`${secret} contains a combination of characters that a dotenv file can't represent: use another format`)
  return `${variable}=${quote}${text}${quote}`
}

function docker (variable: string, text: string, secret: string): string {
  if (/[\r\n]/.test(text)) throw new CommandFailure(`${secret} has several lines, which Docker's --env-file can't represent: use another format`)
  return `${variable}=${text}`
}

/**
 * The options for writing YAML. They ensure that parsers of YAML 1.1 read the output correctly, too. Strings are quoted, because
 * these parsers would read an unquoted `yes` as a boolean and an unquoted `1:30` as a number.
 */
const yaml = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const

const kubernetes: Write = (variables, name) => stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'Opaque',
  data: Object.fromEntries(Array.from(variables, ([variable, { value }]) => [variable, value.toString('base64')]))
}, yaml)

/** An output format of `secretsctl export`. */
interface Format {
  /** Serializes variables. Throws CommandFailure for a value that the format can't represent. */
  write: Write
  /** True if the output usually becomes the environment of programs, in which some variables steer these programs. */
  isEnvironment: boolean
}

/** The output formats, by their names in `--format`. */
export const formats = {
  dotenv: { write: lines(dotenv), isEnvironment: true },
  json: { write: (variables) => `${JSON.stringify(texts(variables), undefined, 2)}\n`, isEnvironment: false },
  yaml: { write: (variables) => stringify(texts(variables), yaml), isEnvironment: false },
  shell: { write: lines((variable, text) => `export ${variable}=${shellQuoted(text)}`), isEnvironment: true },
  docker: { write: lines(docker), isEnvironment: true },
  kubernetes: { write: kubernetes, isEnvironment: true }
} as const satisfies Record<string, Format>
