import { isUtf8 } from 'node:buffer'
import { escapedJson } from '#src/command-line/visible'
import { CommandFailure } from './terminal.ts'
import { shellQuoted } from './text.ts'
import type { Variables } from './variables.ts'
import { yamlText } from './yaml-text.ts'

/** An output format of `secretsctl export`. */
interface Format {
  /** The programs that usually read the format. All of them must read the same values. */
  readers: string
  /** Returns the reason why at least one reader would get a wrong value, or undefined if all readers get the right one. */
  cannotWrite: (variable: string, value: Buffer) => string | undefined
  /**
   * Serializes variables. `cannotWrite` must return undefined for each of them. `name` is the name of the Kubernetes Secret. Only
   * the Kubernetes format uses it.
   */
  write: (variables: Variables, name: string) => string
  /**
   * True if programs usually receive the output as environment variables. Variables such as `PATH` would change how these
   * programs run.
   */
  isEnvironment: boolean
}

type Check = Format['cannotWrite']

const inText = (check: (text: string, variable: string) => string | undefined): Check => (variable, value) =>
  isUtf8(value) && !value.includes(0) ? check(value.toString(), variable) : 'is binary'

/**
 * Matches the variables that a shell sets itself. Assigning to one fails or has no lasting effect. The names in capital letters
 * belong to bash, dash, ksh or zsh, and those in small letters to zsh alone.
 */
const ownedByShells = new RegExp(`^(?:${[
  '_', 'BASH(?:OPTS|PID)', 'BASH_(?:ALIASES|ARGC|ARGV0?|CMDS|COMMAND|COMPAT|LINENO|SOURCE|SUBSHELL|VERSINFO|XTRACEFD)', 'COLUMNS', 'DIRSTACK',
  'EPOCH(?:REALTIME|SECONDS)', 'ERRNO', 'E?[UG]ID', 'FUNCNAME', 'GROUPS', 'HISTCMD', 'LINENO', 'LINES', 'OPTIND', 'PIPESTATUS', 'PPID', 'S?RANDOM', 'SECONDS',
  'SHELLOPTS', 'SHLVL', 'TTYIDLE', 'USERNAME',
  'argv', 'cdpath', 'fignore', 'fpath', 'funcstack', 'histchars', 'mailpath', 'manpath', 'module_path', 'options', 'path', 'pipestatus', 'psvar',
  'signals', 'status', 'watch'
].join('|')})$`)

const shellConflict = (variable: string): string | undefined =>
  ownedByShells.test(variable) ? 'has a name whose value shells set themselves' : undefined

/**
 * Returns true for text that no reader requires to be quoted. Quoting is not an option: Docker treats quotes as part of the
 * value, and the other readers disagree about quotes, escapes, comments and spaces. Text with `=name` at its beginning or after a
 * colon is not plain either, because zsh replaces `=name` with the path of a program.
 */
const isPlain = (text: string): boolean => /^[\w./:@%+,=^*?![\]-]*$/.test(text) && !/(?:^|:)=/.test(text)

/** The maximum length of a line that Docker reads, in bytes. */
const longestLine = 65_535

const isTooLong = (variable: string, text: string): boolean => Buffer.byteLength(`${variable}=${text}`) > longestLine

/** Builds a format with one line per variable. */
const lines = (line: (variable: string, text: string) => string): Format['write'] => (variables) =>
  Array.from(variables, ([variable, { value }]) => `${line(variable, value.toString())}\n`).join('')

const texts = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Array.from(variables, ([variable, { value }]) => [variable, value.toString()]))

/** The maximum length of a key in a Kubernetes Secret, in characters. */
const longestKey = 253

/** The output formats, by their names in `--format`. */
export const formats = {
  dotenv: {
    readers: 'sh, bash, Node.js, the npm package dotenv, python-dotenv, docker --env-file and Docker Compose',
    cannotWrite: inText((text, variable) => {
      if (!isPlain(text)) return 'has characters that readers of dotenv files understand in different ways'
      return isTooLong(variable, text) ? 'is too long for docker --env-file' : shellConflict(variable)
    }),
    write: lines((variable, text) => `${variable}=${text}`),
    isEnvironment: true
  },
  json: {
    readers: 'any parser of JSON',
    cannotWrite: inText(() => undefined),
    write: (variables) => `${escapedJson(JSON.stringify(texts(variables), undefined, 2))}\n`,
    isEnvironment: false
  },
  yaml: {
    readers: 'any parser of YAML 1.1 or 1.2',
    cannotWrite: inText(() => undefined),
    write: (variables) => yamlText(texts(variables)),
    isEnvironment: false
  },
  shell: {
    readers: 'sh, bash, dash, ksh and zsh',
    cannotWrite: inText((_, variable) => shellConflict(variable)),
    write: lines((variable, text) => `export ${variable}=${shellQuoted(text)}`),
    isEnvironment: true
  },
  docker: {
    readers: 'docker --env-file',
    cannotWrite: inText((text, variable) => {
      if (/[\r\n]/.test(text)) return 'has several lines'
      return isTooLong(variable, text) ? 'is too long for docker --env-file' : undefined
    }),
    write: lines((variable, text) => `${variable}=${text}`),
    isEnvironment: true
  },
  kubernetes: {
    readers: 'kubectl',
    cannotWrite: (variable) => variable.length > longestKey ? `has a name of more than ${longestKey} characters` : undefined,
    write: (variables, name) => yamlText({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      type: 'Opaque',
      data: Object.fromEntries(Array.from(variables, ([variable, { value }]) => [variable, value.toString('base64')]))
    }),
    isEnvironment: true
  }
} as const satisfies Record<string, Format>

export type FormatName = keyof typeof formats

/**
 * Serializes variables in a format.
 *
 * @param name the name of the Kubernetes Secret
 * @throws CommandFailure if one of the usual readers of the format would not read the values exactly as they are
 */
export function serialized (format: FormatName, variables: Variables, name: string): string {
  const { readers, write } = formats[format]
  const reasons = reasonsAgainst(format, variables)
  if (reasons.length === 0) return write(variables, name)
  const others = Object.keys(formats).filter((other) => reasonsAgainst(other as FormatName, variables).length === 0)
  throw new CommandFailure(
    `Not every reader of the format ${format} (${readers}) would read these values as they are:`,
    ...reasons,
    others.length === 0 ? 'No format can represent all values: export them separately' : `Formats that can represent all values: ${others.join(', ')}`
  )
}

const reasonsAgainst = (format: FormatName, variables: Variables): string[] =>
  Array.from(variables).flatMap(([variable, { secret, value }]) => {
    const reason = formats[format].cannotWrite(variable, value)
    return reason === undefined ? [] : [`  ${variable}, from ${secret}, ${reason}`]
  })
