import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { formats, serialized, type FormatName } from '#src/cli/formats'
import type { Variables } from '#src/cli/variables'
import { readers } from './readers.ts'

const names = Object.keys(formats) as FormatName[]

const variablesOf = (values: Readonly<Record<string, string | Buffer>>): Variables =>
  new Map(Object.entries(values).map(([variable, value]) => [variable, { secret: variable.toLowerCase(), value: Buffer.from(value) }]))

const isRefused = (format: FormatName, variable: string, value: string): boolean => formats[format].cannotWrite(variable, Buffer.from(value)) !== undefined

/** Each of these values has been read differently by two readers of the same format. */
const hostile = [
  'touch x #it\'s', 'a #b', 'a#b', '#a', ' a', 'a ', 'a b', '\ta', 'a\n', '\na', 'a\nB=c', 'a\r', 'a\r\nb', 'it\'s', '"a"', '\'a\'', '`a`', '`id`', '$HOME', '${HOME}',
  '$$', '$(id)', '\\', 'a\\', '\\n', '\\\\', '\\"', '"\\n"', 'a;id', 'a&id', 'a|id', '<a', '>a', '(a)', '()', '~', 'a:~', '~root', '=ls', 'a:=ls', '{a,b}', '{"a":"b"}',
  '*', '/*', '[a]', '!', '!!', 'a!b', '^a', '%s', '-n', '@x', 'a=b', 'a==', '+a', ',', 'export A=b', 'yes', 'null', '1:30', '0o7', '---\na', '...', '? a', '- a', '&a', '*a',
  '\u0001', '\u001b]0;x\u0007', '\u007f', '\u0081', '\u0085', '\u00a0a', 'a\u00a0', '\u2028', '\u2029a', '\ufeff', '\ufffe', '\uffff', '\u{1f600}', '\u{e0001}', '\u202ea', 'pässwörd',
  'line 1\nline 2\n', `-----BEGIN-----\n${'a'.repeat(64)}\n  indented\n\ttab\n---\n...\n-----END-----\n`, ''
]

const character = fc.oneof(
  fc.constantFrom(...'abc01 \t\n\r\'"`\\$#=:;&|<>(){}[]*?!^%~@+,./-_'),
  fc.constantFrom('\u0001', '\u001b', '\u007f', '\u0081', '\u0088', '\u0085', '\u00a0', '\u2028', '\u2029', '\ufeff', '\u200b', '\u202e', '\ufffe', '\u{1f600}', '\u{e0001}'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
)
/** Text without the characters that no variable can hold: NUL, and single halves of surrogate pairs. */
const value = fc.oneof(fc.array(character, { maxLength: 12 }), fc.array(fc.constantFrom(...'ab01=:~^*?![]@%+,./-_'), { maxLength: 12 }))
  .map((characters) => characters.join('').toWellFormed().replaceAll('\0', ''))

t.test('every format has readers', async (t) => {
  t.same(Object.keys(readers).sort(), [...names].sort())
})

for (const format of names) {
  t.test(`${format}: every usual reader reads what was written`, async (t) => {
    const values = [...hostile, ...fc.sample(value, { numRuns: 1_500, seed: 7 })]
    const accepted = Object.fromEntries(values.map((text, index) => [`V${index}`, text] as const).filter(([variable, text]) => !isRefused(format, variable, text)))
    t.ok(Object.keys(accepted).length > 100, 'enough values are accepted')
    const file = join(t.testdir(), 'file')
    writeFileSync(file, serialized(format, variablesOf(accepted), 'name'))
    for (const [name, { skip, read }] of Object.entries(readers[format] ?? {})) {
      t.test(name, { skip }, async (t) => {
        const found = await read(file)
        for (const [variable, text] of Object.entries(accepted)) {
          if (found[variable] !== text) t.equal(JSON.stringify(found[variable]), JSON.stringify(text), `${variable} is read as it was written`)
        }
        t.equal(Object.keys(found).filter((variable) => /^V\d/.test(variable)).length, Object.keys(accepted).length, 'no other variables')
      })
    }
  })
}

t.test('shells get the value of every variable, or its name is refused', async (t) => {
  const { skip, read } = readers.shell?.bash ?? { skip: 'there is no such reader' as const }
  t.equal(skip, false)
  const file = join(t.testdir(), 'file')
  const own = `_ UID EUID PPID RANDOM SRANDOM SECONDS LINENO OPTIND EPOCHSECONDS EPOCHREALTIME HISTCMD DIRSTACK FUNCNAME GROUPS BASHPID BASH_SUBSHELL BASH_COMMAND
    BASH_SOURCE BASH_LINENO BASH_ALIASES BASH_CMDS BASH_VERSINFO BASH_COMPAT BASH_XTRACEFD BASHOPTS SHELLOPTS SHLVL PIPESTATUS COLUMNS LINES`.split(/\s+/)
  for (const variable of own) for (const format of ['shell', 'dotenv'] as const) t.ok(isRefused(format, variable, 'abc'), `${format}: ${variable}`)
  const others = `HOSTNAME HOSTTYPE MACHTYPE OSTYPE OPTARG OPTERR REPLY IGNOREEOF HISTFILE HISTSIZE HISTCONTROL MAIL MAILCHECK MAILPATH TMOUT COMP_WORDBREAKS COMP_WORDS
    MAPFILE COPROC READLINE_LINE CHILD_MAX FIGNORE GLOBSORT INSIDE_EMACS LANG TIMEFORMAT BASH_REMATCH PWD OLDPWD USER LOGNAME`.split(/\s+/)
  writeFileSync(file, serialized('shell', variablesOf(Object.fromEntries(others.map((variable) => [variable, 'abc']))), 'name'))
  const found = await read?.(file) ?? {}
  for (const variable of others) t.equal(found[variable], 'abc', variable)
})

t.test('a refusal names every value and the formats that can represent them', async (t) => {
  const refusal = (format: FormatName, values: Readonly<Record<string, string | Buffer>>): string => {
    try {
      return serialized(format, variablesOf(values), 'name')
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
  }
  t.equal(refusal('dotenv', { A: 'plain', B: 'touch x #it\'s', SECONDS: '1' }), [
    'Not every reader of the format dotenv (sh, bash, Node.js, the npm package dotenv, python-dotenv, docker --env-file and Docker Compose) would read these values as they are:',
    '  B, from b, has characters that readers of dotenv files understand in different ways',
    '  SECONDS, from seconds, has a name whose value shells set themselves',
    'Formats that can represent all values: json, yaml, docker, kubernetes'
  ].join('\n'))
  t.match(refusal('docker', { A: 'a\nb' }), /\n {2}A, from a, has several lines\nFormats that can represent all values: json, yaml, shell, kubernetes$/)
  for (const format of ['dotenv', 'docker'] as const) {
    t.equal(refusal(format, { A: 'x'.repeat(65_533) }), `A=${'x'.repeat(65_533)}\n`, `${format}: the longest line that Docker reads`)
    t.match(refusal(format, { A: 'x'.repeat(65_534) }), /\n {2}A, from a, is too long for docker --env-file\n.*: json, yaml, shell, kubernetes$/)
  }
  const key = 'K'.repeat(253)
  t.match(refusal('kubernetes', { [key]: Buffer.from([0xff]) }), new RegExp(`\n  ${key}: ".*"\n$`))
  t.match(refusal('kubernetes', { [`${key}K`]: 'a' }), /has a name of more than 253 characters\n.*: dotenv, json, yaml, shell, docker$/)
  for (const binary of [Buffer.from([0xff]), Buffer.from('a\0b')]) {
    for (const format of ['dotenv', 'json', 'yaml', 'shell', 'docker'] as const) t.match(refusal(format, { A: binary }), /\n {2}A, from a, is binary\n.*: kubernetes$/, format)
  }
  t.match(refusal('json', { A: Buffer.from([0xff]), [`${key}K`]: 'a' }), /\nNo format can represent all values: export them separately$/)
})
