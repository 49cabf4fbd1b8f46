import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import pMap from 'p-map'
import type { Test } from 'tap'
import { tokens, type Gateway } from '#test/helper'
import { secretsctlProgram, type Answer, type Step } from '#test/secretsctl'

/** The context of a command. All contexts share a gateway and a folder, but use different names. */
export interface Context {
  gateway: Pick<Gateway, 'url'>
  folder: string
  isTerminal: boolean
  /** The name of the secret that the command uses, and the prefix of any other names. */
  name: string
}

/** A command line and its expected result. */
export interface Run {
  args: readonly string[]
  status?: number
  /**
   * The expected output. At a terminal, it is expected on the screen. In a pipe, it is expected in standard output if the command
   * succeeds, and in standard error if it fails.
   */
  output: string | RegExp
  token?: string
  /** The content of standard input. Used only if the command runs in a pipe. */
  stdin?: string
  /** What to type. Used only if the command runs at a terminal. */
  answers?: readonly Answer[]
  /** Actions to perform on the process. Used only if the command runs in a pipe. */
  steps?: readonly Step[]
  /** True if the command is expected to print a secret's value. */
  showsValue?: boolean
  /** True if the command is expected to use colours on a terminal. */
  isTable?: boolean
  /** The question that is expected on the screen of a terminal. */
  question?: string
  /** Environment variables. */
  env?: NodeJS.ProcessEnv
  /** The value that the secret `name` is expected to have in dev after the command. */
  finalValue?: string
}

/** The context in which a command is prepared. */
export interface Preparation extends Context {
  gateway: Gateway
}

export interface Row {
  prepare?: (context: Preparation) => Promise<unknown>
  succeeds: (context: Context) => Run
  refused: (context: Context) => Run
  /** For a command that asks: the user cancels it with Ctrl-C at the question. Tested only at a terminal. */
  cancelled?: (context: Context) => Run
  /**
   * The command while it waits for a gateway that never answers, to be interrupted; by default `succeeds`. Returns undefined for
   * a command that does not wait there.
   */
  waits?: (context: Context) => Run | undefined
  /** True for a command that calls no gateway, and so waits only for the files that it reads. */
  isOffline?: boolean
  /** True for a command that runs until a signal ends it. */
  isServer?: boolean
  /** Wrong usage. Tested only in a pipe, because a terminal makes no difference. */
  misused?: (context: Context) => Run
}

/** A string in every secret value and other confidential input. If a command prints it, the tests notice. */
export const canary = 'canary'

const dev = ['--env', 'dev'] as const

const put = async ({ gateway }: Preparation, name: string, { env = 'dev', value = canary } = {}): Promise<unknown> =>
  gateway.send('PUT', `/environments/${env}/secrets/${encodeURIComponent(name)}`, { json: { value } })

/** Provides a value through the pipe or at the prompt. */
const input = (value: string): Pick<Run, 'stdin' | 'answers'> => ({ stdin: value, answers: [{ after: 'not shown', type: `${value}\r` }] })
const valueArgument = ({ isTerminal }: Context): string[] => isTerminal ? [] : ['-']

const withoutName = (command: string): Run => ({ args: [command, ...dev], status: 2, output: 'missing required argument \'name\'' })
const refusedAs = (code: string, ...args: string[]): Run => ({ args: [...args, ...dev], status: 1, output: new RegExp(`\\(${code}, request [\\w-]+\\)`) })
const cancelledAt = (question: string, ...args: string[]): Run =>
  ({ args: args.includes('--env') ? args : [...args, ...dev], status: 130, answers: [{ after: question, type: '\u0003' }], output: `${question}\nNothing was sent\n`, question: question.trim() })
const noSecret = (...args: string[]): Run => refusedAs('secret-not-found', ...args)

/** Variables of a user with an empty folder of settings, and without the variables that choose the gateway. */
export const newUser = ({ folder, name }: Context): NodeJS.ProcessEnv =>
  ({ XDG_CONFIG_HOME: join(folder, name), SECRETS_GATEWAY_URL: undefined, SECRETS_GATEWAY_TOKEN: undefined })

/** Logs in, as the user would have done before the command. */
const logIn = async (context: Preparation): Promise<unknown> =>
  secretsctlProgram({ url: '' }, ['login', '--url', context.gateway.url, '--with-token'], { env: newUser(context), stdin: tokens.administrator, ...fast })

/** Stores a login; by default, one that has expired, of an issuer that never answers. */
export function storeLogin (context: Context, more: object = {}): void {
  const folder = join(context.folder, context.name, 'secretsctl')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { url } = context.gateway
  const credential = { kind: 'oidc', issuer: url, clientId: 'secretsctl', tokenType: 'access_token', token: 't', refreshToken: 'r', expires: 0, ...more }
  writeFileSync(join(folder, 'profiles.json'), JSON.stringify({ current: 'default', profiles: { default: { url, credential } } }), { mode: 0o600 })
}

/** The commands by name. */
export const rows: Record<string, Row> = {
  login: {
    succeeds: (context) => ({
      args: ['login', '--url', context.gateway.url, ...context.isTerminal ? [] : ['--with-token']], env: newUser(context), stdin: tokens.administrator,
      answers: [{ after: '(not shown): ', type: `${tokens.administrator}\r` }], output: 'as administrator\n', ...context.isTerminal && { question: `API key or other token for ${context.gateway.url} (not shown):` }
    }),
    refused: (context) => ({
      args: ['login', '--url', context.gateway.url, ...context.isTerminal ? [] : ['--with-token']], env: newUser(context), stdin: 'wrong', answers: [{ after: '(not shown): ', type: 'wrong\r' }],
      status: 1, output: /The gateway does not accept your token[^]*\(unauthenticated, request [\w-]+\)/
    }),
    cancelled: (context) => ({ ...cancelledAt(`API key or other token for ${context.gateway.url} (not shown): `, 'login', '--url', context.gateway.url), env: newUser(context) }),
    misused: (context) => ({ args: ['login'], env: { ...newUser(context), XDG_CONFIG_HOME: '/none' }, status: 2, output: 'Specify the gateway with --url' })
  },
  logout: {
    prepare: logIn,
    waits (context) {
      storeLogin(context)
      return { args: ['logout'], env: newUser(context), output: '' }
    },
    succeeds: (context) => ({ args: ['logout', '--all'], env: newUser(context), output: 'removed from this machine' }),
    refused: (context) => ({ args: ['logout', '--profile', 'none'], env: newUser(context), status: 2, output: 'There is no profile none' })
  },
  whoami: {
    prepare: logIn,
    waits: () => ({ args: ['whoami'], output: '' }),
    succeeds: (context) => ({ args: ['whoami'], env: newUser(context), output: /caller: +administrator/ }),
    refused: () => ({ args: ['whoami'], status: 1, output: /\(unauthenticated, request [\w-]+\)/, token: tokens.expired }),
    misused: (context) => ({ args: ['whoami'], env: { ...newUser(context), XDG_CONFIG_HOME: '/none' }, status: 2, output: 'No gateway is chosen' })
  },
  envs: {
    succeeds: () => ({ args: ['envs'], output: /NAME[^]*dev[^]*prod/, isTable: true }),
    refused: () => ({ args: ['envs'], status: 1, output: /\(unauthenticated, request [\w-]+\)/, token: tokens.expired })
  },
  profiles: {
    isOffline: true,
    prepare: logIn,
    succeeds: (context) => ({ args: ['profiles'], env: newUser(context), output: /\* +default +http/, isTable: true }),
    refused: () => ({ args: ['profiles', 'x'], status: 2, output: 'too many arguments' })
  },
  use: {
    isOffline: true,
    prepare: logIn,
    succeeds: (context) => ({ args: ['use', 'default'], env: newUser(context), output: 'The current profile is default' }),
    refused: (context) => ({ args: ['use', 'none'], env: newUser(context), status: 2, output: 'There is no profile none' })
  },
  version: {
    isOffline: true,
    succeeds: () => ({ args: ['version'], output: /^\d+\.\d+\.\d+\n$/ }),
    refused: () => ({ args: ['version', 'x'], status: 2, output: 'too many arguments' })
  },
  create: {
    prepare: async (context) => put(context, `${context.name}-there`),
    succeeds: (context) => ({ args: ['create', context.name, ...valueArgument(context), ...dev], ...input(canary), output: `Created ${context.name} in dev`, finalValue: canary }),
    refused: (context) => ({ ...refusedAs('secret-exists', 'create', `${context.name}-there`, ...valueArgument(context)), ...input(canary) }),
    cancelled: ({ name }) => cancelledAt('Value (not shown): ', 'create', `${name}-cancelled`),
    misused: (context) => ({ args: ['create', `${context.name}-empty`, ...valueArgument(context), ...dev], ...input(''), status: 2, output: 'The value is empty' })
  },
  read: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name, isTerminal }) => ({ args: ['read', name, ...dev], output: isTerminal ? /value: +\*{8}/ : /value: +canary/, showsValue: !isTerminal }),
    refused: ({ name }) => noSecret('read', `${name}-none`),
    misused: () => withoutName('read')
  },
  update: {
    prepare: async (context) => put(context, context.name),
    succeeds: (context) => ({ args: ['update', context.name, ...valueArgument(context), ...dev], ...input('canary 2'), output: `Updated ${context.name} in dev`, finalValue: 'canary 2' }),
    refused: (context) => ({ ...refusedAs('precondition-failed', 'update', `${context.name}-none`, ...valueArgument(context)), ...input(canary) }),
    cancelled: ({ name }) => cancelledAt('Value (not shown): ', 'update', name),
    misused: (context) => ({ args: ['update', context.name, canary, '--from-file', 'f', ...dev], status: 2, output: 'Specify either a value or --from-file' })
  },
  delete: {
    async prepare (context) {
      for (const name of [context.name, `${context.name}-kept`]) await put(context, name)
    },
    succeeds: ({ name, isTerminal }) => ({
      args: ['delete', name, ...isTerminal ? [] : ['--yes'], ...dev], answers: [{ after: '[y/N]', type: 'y\r' }], output: `Deleted ${name} in dev. It can be restored until `, ...isTerminal && { question: `Delete ${name} in dev? [y/N] y` }
    }),
    refused: ({ name, isTerminal }) => isTerminal
      ? { args: ['delete', `${name}-kept`, ...dev], answers: [{ after: '[y/N]', type: '\r' }], status: 1, output: 'Nothing was deleted', question: `Delete ${name}-kept in dev? [y/N]` }
      : noSecret('delete', `${name}-none`, '--yes'),
    cancelled: ({ name }) => cancelledAt(`Delete ${name}-kept in dev? [y/N] `, 'delete', `${name}-kept`),
    misused: ({ name }) => ({ args: ['delete', `${name}-kept`, ...dev], status: 2, output: '--yes deletes without asking' })
  },
  list: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name }) => ({ args: ['list', '--prefix', name, ...dev], output: new RegExp(`^NAME.*\n${name} +active`), isTable: true }),
    refused: () => ({ ...refusedAs('unauthenticated', 'list'), token: tokens.expired }),
    misused: () => ({ args: ['list'], status: 2, output: 'Specify an environment with --env' })
  },
  'aws-credentials': {
    succeeds: () => ({ args: ['aws-credentials'], output: /^\{\s+"Version": 1,\s+"AccessKeyId": "ASIA\w{16}"[\s\S]*"SessionToken": "[^"]+"\s+\}/ }),
    refused: () => ({ args: ['aws-credentials'], status: 1, output: /\(unauthenticated, request [\w-]+\)/, token: tokens.expired }),
    misused: () => ({ args: ['aws-credentials', 'x'], status: 2, output: 'too many arguments' })
  },
  describe: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name }) => ({ args: ['describe', name, ...dev], output: new RegExp(`name +${name}\nstate +active`), isTable: true }),
    refused: ({ name }) => noSecret('describe', `${name}-none`),
    misused: () => withoutName('describe')
  },
  versions: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name }) => ({ args: ['versions', name, ...dev], output: /^VERSION.*\n\S+ +AWSCURRENT/, isTable: true }),
    refused: ({ name }) => noSecret('versions', `${name}-none`),
    misused: () => withoutName('versions')
  },
  rollback: {
    async prepare (context) {
      for (const value of ['canary 1', 'canary 2']) await put(context, context.name, { value })
      await put(context, `${context.name}-new`)
    },
    succeeds: ({ name }) => ({ args: ['rollback', name, ...dev], output: new RegExp(`Rolled back ${name} in dev to version [\\w-]+`), finalValue: 'canary 1' }),
    refused: ({ name }) => refusedAs('version-not-found', 'rollback', `${name}-new`),
    misused: () => withoutName('rollback')
  },
  restore: {
    async prepare (context) {
      await put(context, context.name)
      await context.gateway.send('DELETE', `/environments/dev/secrets/${context.name}`)
    },
    succeeds: ({ name }) => ({ args: ['restore', name, ...dev], output: `Restored ${name} in dev`, finalValue: canary }),
    refused: ({ name }) => noSecret('restore', `${name}-none`),
    misused: () => withoutName('restore')
  },
  rotate: {
    async prepare (context) {
      for (const name of [context.name, `${context.name}-not`]) await put(context, name)
      const rotation = { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: false }
      await context.gateway.send('PUT', `/environments/dev/secrets/${context.name}/rotation`, { json: rotation })
      // Configuring a rotation makes AWS test the rotation function. `rotateDue` resolves when that test has ended.
      await context.gateway.rotateDue()
    },
    succeeds: ({ name }) => ({ args: ['rotate', name, ...dev], output: `Started the rotation of ${name} in dev` }),
    refused: ({ name }) => refusedAs('aws-refused', 'rotate', `${name}-not`),
    misused: () => withoutName('rotate')
  },
  tag: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name }) => ({ args: ['tag', name, 'team=a', '--remove', 'owner', ...dev], output: `${name} in dev: 1 tag set, 1 removed` }),
    refused: ({ name }) => noSecret('tag', `${name}-none`, 'team=a'),
    misused: ({ name }) => ({ args: ['tag', name, ...dev], status: 2, output: 'Specify a tag to set or to remove' })
  },
  apply: {
    async prepare ({ folder, name }) {
      writeFileSync(join(folder, `${name}.yaml`), `secrets: [{ name: ${name}, value: ${canary} }]`)
      writeFileSync(join(folder, `${name}-broken.yaml`), `secrets: ${canary}: x`)
    },
    succeeds: ({ folder, name }) => ({ args: ['apply', '-f', join(folder, `${name}.yaml`), ...dev], output: /created/, isTable: true, finalValue: canary }),
    refused: ({ folder, name }) => ({ args: ['apply', '-f', join(folder, `${name}-broken.yaml`), ...dev], status: 1, output: /YAML/ }),
    misused: () => ({ args: ['apply', ...dev], status: 2, output: 'required option \'-f, --file <file>\'' })
  },
  import: {
    async prepare ({ folder, name }) { writeFileSync(join(folder, `${name}.env`), `${name}=${canary}\n`) },
    succeeds: ({ folder, name, isTerminal }) => ({
      args: ['import', join(folder, `${name}.env`), ...isTerminal ? [] : ['--yes'], ...dev], answers: [{ after: '[y/N]', type: 'y\r' }], output: /1 created/, isTable: true, finalValue: canary,
      ...isTerminal && { question: 'Carry out this plan in dev? [y/N] y' }
    }),
    refused: ({ folder, name }) => ({ args: ['import', join(folder, `${name}-none.env`), ...dev], status: 1, output: 'no such file or directory' }),
    cancelled: ({ folder, name }) => cancelledAt('Carry out this plan in staging? [y/N] ', 'import', join(folder, `${name}.env`), '--env', 'staging'),
    misused: () => ({ args: ['import', ...dev], status: 2, output: 'missing required argument \'file\'' })
  },
  edit: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name, isTerminal }) => isTerminal
      ? { args: ['edit', name, ...dev], env: { EDITOR: 'sed -i s/canary/canary-2/' }, output: `Updated ${name} in dev`, finalValue: 'canary-2' }
      // Without a terminal there is no editor, so only the help can succeed.
      : { args: ['edit', '--help'], output: 'Usage: secretsctl edit' },
    refused: ({ name, isTerminal }) => isTerminal ? noSecret('edit', `${name}-none`) : { args: ['edit', name, ...dev], status: 2, output: 'edit needs a terminal' },
    cancelled: ({ name }) => ({ args: ['edit', name, ...dev], env: { EDITOR: 'false' }, status: 1, output: 'The editor (false) failed, so nothing was written' }),
    waits: ({ name, isTerminal }) => isTerminal ? { args: ['edit', name, ...dev], output: '' } : undefined
  },
  diff: {
    async prepare (context) {
      for (const env of ['dev', 'staging']) await put(context, `${context.name}/same`, { env })
      await put(context, `${context.name}-one/only`)
    },
    succeeds: ({ name }) => ({ args: ['diff', 'dev', 'staging', '--prefix', `${name}/`, '--values', '--all'], output: `${name}/same`, isTable: true }),
    refused: ({ name }) => ({ args: ['diff', 'dev', 'staging', '--prefix', `${name}-one/`], status: 3, output: /differ/, isTable: true }),
    misused: () => ({ args: ['diff', 'dev'], status: 2, output: /two environments/ })
  },
  promote: {
    prepare: async (context) => put(context, context.name, { env: 'staging' }),
    succeeds: ({ name }) => ({ args: ['promote', name, '--from', 'staging', '--to', 'dev'], output: /created/, isTable: true, finalValue: canary }),
    refused: ({ name }) => ({ args: ['promote', `${name}-none`, '--from', 'staging', '--to', 'dev'], status: 1, output: /failed/ }),
    misused: () => ({ args: ['promote', '--from', 'staging', '--to', 'dev'], status: 2, output: /--missing/ })
  },
  run: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name }) => ({
      args: ['run', '--map', `V=${name}`, ...dev, '--', process.execPath, '-e', 'console.log(`a value of ${process.env.V.length}`)'], output: `a value of ${canary.length}`
    }),
    refused: ({ name }) => ({ args: ['run', '--secret', name, ...dev, '--', '/nothing'], status: 127, output: '/nothing can\'t be run' }),
    misused: ({ name }) => ({ args: ['run', '--secret', name, ...dev], status: 125, output: 'missing required argument \'command\'' })
  },
  export: {
    prepare: async (context) => put(context, context.name),
    succeeds: ({ name }) => ({ args: ['export', '--format', 'dotenv', '--map', `V=${name}`, ...dev], output: 'V=canary', showsValue: true }),
    refused: ({ name }) => ({ args: ['export', '--format', 'dotenv', '--secret', name, '--secret', `${name}-none`, ...dev], status: 1, output: `${name}-none: ` }),
    misused: ({ name }) => ({ args: ['export', '--format', 'xml', '--secret', name, ...dev], status: 2, output: 'Allowed choices' })
  },
  local: {
    isServer: true,
    // At a terminal, Ctrl-C ends the command; in a pipe, a signal does.
    succeeds: () => ({
      args: ['local', '--', '--port', '0', '--memory'],
      output: /listens on http:/,
      answers: [{ after: 'listens on', type: '\u0003' }],
      steps: [{ after: 'listens on', act: (child) => child.kill('SIGTERM') }]
    }),
    refused: ({ gateway }) => ({ args: ['local', '--', '--port', new URL(gateway.url).port, '--memory'], status: 1, output: 'EADDRINUSE' }),
    misused: () => ({ args: ['local', '--', '--account', canary], status: 2, output: '--account must be' })
  },
  'keys create': {
    isOffline: true,
    succeeds: ({ name }) => ({ args: ['keys', 'create', name], output: new RegExp(`shown only once: +sgw_${name}\\.[\\w-]{43}\n`) }),
    // This command works offline, so it can fail only because of wrong usage.
    refused: () => ({ args: ['keys', 'create', 'a:b'], status: 2, output: 'Must consist of at most 63 letters' })
  },
  'config check': {
    isOffline: true,
    succeeds: ({ folder }) => ({ args: ['config', 'check', join(folder, 'good.yaml')], output: 'is valid; environments: dev' }),
    refused: ({ folder }) => ({ args: ['config', 'check', join(folder, 'bad.yaml')], status: 1, output: 'credentials.base' }),
    misused: () => ({ args: ['config', 'check'], status: 2, output: 'missing required argument \'file\'' })
  },
  'policy check': {
    isOffline: true,
    succeeds: ({ folder }) => ({ args: ['policy', 'check', join(folder, 'policies')], output: '1 policy, all valid' }),
    refused: ({ folder }) => ({ args: ['policy', 'check', join(folder, 'none')], status: 1, output: 'ENOENT' }),
    misused: () => ({ args: ['policy', 'check'], status: 2, output: 'missing required argument \'dir\'' })
  },
  'policy test': {
    isOffline: true,
    succeeds: ({ folder }) => ({ args: ['policy', 'test', join(folder, 'policies')], output: '1 as expected, 0 not' }),
    refused: ({ folder }) => ({ args: ['policy', 'test', join(folder, 'wrong-policies')], status: 1, output: 'The policies do not decide as the test cases expect' }),
    misused: () => ({ args: ['policy', 'test'], status: 2, output: 'missing required argument \'dir\'' })
  },
  'audit verify': {
    isOffline: true,
    succeeds: ({ folder }) => ({ args: ['audit', 'verify', '--key', join(folder, 'key.pem'), join(folder, 'audit.jsonl')], output: 'The trail is intact' }),
    refused: ({ folder }) => ({ args: ['audit', 'verify', '--head', join(folder, 'audit.jsonl.head'), join(folder, 'changed.jsonl')], status: 1, output: 'The trail is NOT intact' }),
    misused: () => ({ args: ['audit', 'verify'], status: 2, output: 'missing required argument \'file\'' })
  },
  posture: {
    // The other commands' secrets are in dev as well.
    succeeds: ({ name }) => ({ args: ['posture', ...dev, '--rule', 'SecretsManager.4', '--prefix', name, '--all'], output: new RegExp(`passed +SecretsManager\\.4 +${name}`), isTable: true }),
    refused: ({ name }) => ({ args: ['posture', ...dev, '--rule', 'kms-key', '--prefix', name], status: 3, output: /1 failed, 0 unknown, 0 passed/ }),
    misused: () => ({ args: ['posture'], status: 2, output: '--env' }),
    prepare: async (context) => put(context, context.name)
  },
  'audit search': {
    isOffline: true,
    succeeds: ({ folder }) => ({ args: ['audit', 'search', '--key', join(folder, 'key.pem'), join(folder, 'audit.jsonl'), '--secret', 'in-the-trail'], output: /PutSecretValue[^]*The trail is intact/, isTable: true }),
    refused: ({ folder }) => ({ args: ['audit', 'search', '--head', join(folder, 'audit.jsonl.head'), join(folder, 'changed.jsonl')], status: 1, output: 'The trail is NOT intact' }),
    misused: () => ({ args: ['audit', 'search', 'x', '--since', 'long ago'], status: 2, output: 'Must be a date' })
  },
  'iam-policy': {
    isOffline: true,
    succeeds: ({ folder }) => ({ args: ['iam-policy', '--config', join(folder, 'good.yaml'), '--environment', 'dev'], output: '"Sid": "WithoutResource"' }),
    refused: ({ folder }) => ({ args: ['iam-policy', '--config', join(folder, 'bad.yaml'), '--environment', 'dev'], status: 1, output: 'secretAccessKey' }),
    misused: ({ folder }) => ({ args: ['iam-policy', '--config', join(folder, 'good.yaml'), '--environment', 'test'], status: 2, output: 'no environment \'test\'' })
  },
  doctor: {
    isOffline: true,
    prepare: async ({ gateway, folder }) => {
      const { aws: { endpoint } } = gateway.fastify.config.current
      const dev = { region: 'eu-west-1', account: '111111111111', credential: 'base' }
      const base = { kind: 'environment', accessKeyIdVariable: 'DOCTOR_ID', secretAccessKeyVariable: 'DOCTOR_SECRET' }
      writeFileSync(join(folder, 'doctor.yaml'), JSON.stringify({
        environments: { dev }, credentials: { base }, authentication: {}, authorization: { policies: 'policies' }, aws: { endpoint }
      }))
      return Promise.resolve()
    },
    succeeds: ({ folder }) => ({
      args: ['doctor', join(folder, 'doctor.yaml')], env: { DOCTOR_ID: 'AKIADEV', DOCTOR_SECRET: 'AKIADEV-secret' }, output: /credential base has BatchGetSecretValue/, isTable: true
    }),
    refused: ({ folder }) => ({ args: ['doctor', join(folder, 'bad.yaml')], status: 1, output: 'secretAccessKey' }),
    misused: ({ folder }) => ({ args: ['doctor', join(folder, 'good.yaml'), '--environment', 'test'], status: 2, output: 'no environment \'test\'' })
  },
  completion: {
    isOffline: true,
    succeeds: () => ({ args: ['completion', 'bash'], output: /complete .*secretsctl/ }),
    refused: () => ({ args: ['completion', 'tcsh'], status: 2, output: 'Allowed choices' })
  }
}

/** Asserts that the output contains no stack trace and no token. It must contain a value if and only if `showsValue` is true. */
export function assertNoLeak (t: Test, output: string, { args, showsValue = false }: Pick<Run, 'args' | 'showsValue'>): void {
  const title = args.join(' ')
  t.notMatch(output, /^\s+at /m, `${title}: no stack trace`)
  t.notMatch(output, /-token-for-tests/, `${title}: no token`)
  t.equal(output.includes(canary), showsValue, `${title}: ${showsValue ? 'the' : 'no'} value`)
}

/** Starts processes without measuring coverage. There are many of them, and other tests cover the same lines. */
export const fast = { withoutCoverage: true }

/** Processes items concurrently, as many at a time as there are processors. */
export const inParallel = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  await pMap(items, work, { concurrency: availableParallelism() })
}
