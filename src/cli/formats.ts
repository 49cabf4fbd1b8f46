import { stringify } from 'yaml'
import { CommandFailure } from './terminal.ts'
import { asText } from './text.ts'
import type { Variables } from './variables.ts'

/** Writes variables in a form that a program reads; the name is that of the Kubernetes Secret. */
type Format = (variables: Variables, name: string) => string

const lines = (line: (variable: string, text: string, secret: string) => string): Format => (variables) =>
  Array.from(variables, ([variable, { secret, value }]) => `${line(variable, asText(secret, value), secret)}\n`).join('')

const texts = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Array.from(variables, ([variable, { secret, value }]) => [variable, asText(secret, value)]))

/** Inside these quotes readers of dotenv files take everything as it is; inside double quotes they do not agree. */
function dotenv (variable: string, text: string, secret: string): string {
  const quote = ['\'', '`'].find((quote) => !text.includes(quote))
  // Some readers take a backslash in front of a quote or of another one for an escape, also here.
  if (quote === undefined || /\r|\\(?:$|[\\'`])/.test(text)) throw new CommandFailure(`${secret} has characters that a dotenv file can't hold together: use another format`)
  return `${variable}=${quote}${text}${quote}`
}

function docker (variable: string, text: string, secret: string): string {
  if (/[\r\n]/.test(text)) throw new CommandFailure(`${secret} has several lines, which Docker's --env-file can't hold: use another format`)
  return `${variable}=${text}`
}

/** As readers of YAML 1.1 understand it, too: to them `yes` is a truth value, and `1:30` a number. */
const yaml = { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const

const kubernetes: Format = (variables, name) => stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  type: 'Opaque',
  data: Object.fromEntries(Array.from(variables, ([variable, { value }]) => [variable, value.toString('base64')]))
}, yaml)

export const formats = {
  dotenv: lines(dotenv),
  json: (variables) => `${JSON.stringify(texts(variables), undefined, 2)}\n`,
  yaml: (variables) => stringify(texts(variables), yaml),
  shell: lines((variable, text) => `export ${variable}='${text.replaceAll('\'', '\'\\\'\'')}'`),
  docker: lines(docker),
  kubernetes
} as const satisfies Record<string, Format>
