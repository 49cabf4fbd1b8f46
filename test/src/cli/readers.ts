import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer, json } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import { parse } from 'yaml'

/** The variables that a reader gets from a file, by name. */
export type Read = Partial<Record<string, string>>

/** A program or library that reads a file with variables. */
export interface Reader {
  /** The reason to skip the reader, or false if it can run. */
  skip: string | false
  read: (file: string) => Promise<Read> | Read
}

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0
const installed = (name: string, command: string, ...args: string[]): string | false => succeeds(command, ...args) ? false : `${name} is not installed`

/** Runs a program and returns its standard output. Fails if the program writes anything to standard error. */
async function outputOf (command: string, args: readonly string[], env: NodeJS.ProcessEnv = { PATH: process.env.PATH }): Promise<Buffer> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, 'close')])
  if (stderr.length > 0) throw new Error(`${command}: ${stderr.toString().slice(0, 1_000)}`)
  return stdout
}

const pairsIn = (entries: readonly string[]): Read => Object.fromEntries(entries.filter((entry) => entry !== '').map((entry) => {
  const end = entry.indexOf('=')
  return [entry.slice(0, end), entry.slice(end + 1)]
}))

/** Sources the file in a shell, and returns the environment of a program that the shell then starts. */
const shell = (name: string, ...args: string[]): Reader => ({
  skip: installed(name, name, '-c', ':'),
  read: async (file) => pairsIn((await outputOf(name, [...args, '-c', 'set -a; . "$0"; exec /usr/bin/env -0', file])).toString().split('\0'))
})

/** Evaluates a Python expression that returns a dict. The expression may use the file's path `file` and its content `text`. */
const python = (module: string, expression: string): Reader => ({
  skip: installed(`Python with ${module}`, 'python3', '-c', `import ${module}`),
  read: async (file) => JSON.parse((await outputOf('python3', ['-c', `
import sys, json, ${module}
file = sys.argv[1]
text = open(file, encoding="utf-8", newline="").read()
print(json.dumps(${expression}))`, file], process.env)).toString())
})

/** Runs `docker create --env-file` against a fake Docker daemon. Returns the variables that the daemon receives. */
const docker: Reader = {
  skip: installed('Docker\'s client', 'docker', '--version'),
  async read (file) {
    let variables: readonly string[] = []
    const daemon = createServer((request, response) => {
      const isCreate = request.method === 'POST' && request.url?.includes('/containers/create') === true
      void (isCreate ? json(request) : Promise.resolve({})).then((body) => {
        if (isCreate) variables = (body as { Env: string[] }).Env
        response.writeHead(isCreate ? 201 : 200, { 'api-version': '1.44', 'content-type': 'application/json' }).end(isCreate ? '{"Id":"id","Warnings":[]}' : 'OK')
      })
    }).listen(0, '127.0.0.1')
    await once(daemon, 'listening')
    const { port } = daemon.address() as AddressInfo
    try {
      await outputOf('docker', ['create', '--env-file', file, 'image'], { ...process.env, DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: undefined, DOCKER_CONTEXT: undefined })
      return pairsIn(variables)
    } finally {
      daemon.close()
    }
  }
}

const model = (read: (text: string) => Read): Reader => ({ skip: false, read: (file) => read(readFileSync(file, 'utf8')) })

/** A model of opts.ParseEnvFile, the parser in Docker's client. It covers only lines that give a variable a value. */
const dockerModel = model((text) => pairsIn(text.split(/\r?\n/).map((line) => line.replace(/^[\t\v\f \u0085\u00a0]+/, '')).filter((line) => !line.startsWith('#'))))

/** A model of the parser in the npm package dotenv 17. The regular expression is that of the package. */
const npmDotenv = model((text) => {
  const line = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm
  return Object.fromEntries(Array.from(text.replace(/\r\n?/g, '\n').matchAll(line), ([, key = '', raw = '']) => {
    const trimmed = raw.trim()
    const value = trimmed.replace(/^(['"`])([^]*)\1$/gm, '$2')
    return [key, trimmed.startsWith('"') ? value.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : value]
  }))
})

/** A model of the parser in Docker Compose (package dotenv of compose-go). References to variables in a value count as empty. */
const compose = model((text) => {
  const read: Read = {}
  let rest = text
  for (;;) {
    const [start, key = ''] = /^\s*(?:#[^\n]*\n\s*)*(?:export\s+)?([\w.-]+)[ \t]*=[ \t]*/.exec(rest) ?? []
    if (start === undefined) return read
    rest = rest.slice(start.length)
    const [quoted, single, double] = /^'((?:\\.|[^'\\])*)'|^"((?:\\.|[^"\\])*)"/s.exec(rest) ?? []
    const [line = ''] = /^[^\n]*/.exec(rest) ?? []
    const value = single ?? double?.replace(/\\(.)/gs, '$1') ?? line.replace(/ #.*/, '').trimEnd()
    read[key] = single === undefined ? value.replace(/\$(\$)|\$\{[^}]*\}|\$\w+/g, '$1') : value
    rest = rest.slice((quoted ?? line).length)
  }
})

const base64 = (data: Read): Read => Object.fromEntries(Object.entries(data).map(([key, value = '']) => [key, Buffer.from(value, 'base64').toString()]))

/** Parses YAML 1.1 with PyYAML, and selects a part with a Python subscript. Returns null if a key is not a string. */
const pyYaml = (path: string): Reader => python('yaml', `(lambda d: d if all(type(k) is str for k in d) else None)(yaml.safe_load(text)${path})`)

/** The usual readers of each format of `secretsctl export`. */
export const readers: Record<string, Record<string, Reader>> = {
  dotenv: {
    sh: shell('sh'),
    dash: shell('dash'),
    bash: shell('bash'),
    zsh: shell('zsh'),
    'Node.js': model((text) => parseEnv(text)),
    'node --env-file': {
      skip: false,
      read: async (file) => JSON.parse((await outputOf(process.execPath, [`--env-file=${file}`, '-p', 'JSON.stringify(process.env)'])).toString())
    },
    dotenv: npmDotenv,
    'python-dotenv': python('dotenv', 'dict(dotenv.dotenv_values(file))'),
    docker,
    'docker, modelled': dockerModel,
    'Docker Compose': compose
  },
  docker: { docker, 'docker, modelled': dockerModel },
  shell: {
    sh: shell('sh'),
    dash: shell('dash'),
    bash: shell('bash'),
    'bash --posix': shell('bash', '--posix'),
    ksh: shell('ksh'),
    zsh: shell('zsh'),
    eval: {
      skip: false,
      read: async (file) => pairsIn((await outputOf('sh', ['-c', 'eval "$(cat "$0")"; exec /usr/bin/env -0', file])).toString().split('\0'))
    }
  },
  json: { 'Node.js': model((text) => JSON.parse(text)), Python: python('json', 'json.loads(text)') },
  yaml: {
    'yaml 1.1': model((text) => parse(text, { version: '1.1' })),
    'yaml 1.2': model((text) => parse(text)),
    PyYAML: pyYaml('')
  },
  kubernetes: {
    'yaml 1.1': model((text) => base64(parse(text, { version: '1.1' }).data)),
    'yaml 1.2': model((text) => base64(parse(text).data)),
    PyYAML: { ...pyYaml('["data"]'), read: async (file) => base64(await pyYaml('["data"]').read(file)) }
  }
}
