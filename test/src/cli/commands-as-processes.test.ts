import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { newTrail } from '#test/audit-trail'
import { build, tokens, type Gateway } from '#test/helper'
import { commandNames, noTerminal, secretsctlProgram, secretsctlTerminal, type Answer, type Step } from '#test/secretsctl'

/** Where a command is run. The places share a gateway and a folder; what they name is their own. */
interface At {
  gateway: Gateway
  folder: string
  isTerminal: boolean
  /** Of the row's secret, and what the names of others begin with. */
  name: string
}

/** A command line, and what comes of it. */
interface Run {
  args: readonly string[]
  status?: number
  /** What stands in the result, or where it is refused, in the message. */
  says: string | RegExp
  token?: string
  /** What the command is given in a pipe, and at a terminal. */
  stdin?: string
  answers?: readonly Answer[]
  /** What is done to it in a pipe. */
  steps?: readonly Step[]
  /** A value is what it is there to show. */
  showsValue?: boolean
  /** A terminal gets colours. */
  isTable?: boolean
  /** The value that the row's secret has in dev afterwards. */
  leaves?: string
}

interface Row {
  prepare?: (at: At) => Promise<unknown>
  succeeds: (at: At) => Run
  refused: (at: At) => Run
  /** Wrong usage: in a pipe only, as a terminal makes no difference to it. */
  misused?: (at: At) => Run
}

/** Every value has it, and nothing else has. */
const canary = 'canary'

const dev = ['--env', 'dev'] as const

const put = async ({ gateway }: At, name: string, { env = 'dev', value = canary } = {}): Promise<unknown> =>
  gateway.send('PUT', `/environments/${env}/secrets/${encodeURIComponent(name)}`, { json: { value } })

/** A value from a pipe, or typed. */
const given = (value: string): Pick<Run, 'stdin' | 'answers'> => ({ stdin: value, answers: [{ after: 'not shown', type: `${value}\r` }] })
const fromWhere = ({ isTerminal }: At): string[] => isTerminal ? [] : ['-']

const withoutName = (command: string): Run => ({ args: [command, ...dev], status: 2, says: 'missing required argument \'name\'' })
const refusedAs = (code: string, ...args: string[]): Run => ({ args: [...args, ...dev], status: 1, says: new RegExp(`\\(${code}, request [\\w-]+\\)`) })
const noSecret = (...args: string[]): Run => refusedAs('secret-not-found', ...args)

const rows: Record<string, Row> = {
  create: {
    prepare: async (at) => put(at, `${at.name}-there`),
    succeeds: (at) => ({ args: ['create', at.name, ...fromWhere(at), ...dev], ...given(canary), says: `Created ${at.name} in dev`, leaves: canary }),
    refused: (at) => ({ ...refusedAs('secret-exists', 'create', `${at.name}-there`, ...fromWhere(at)), ...given(canary) }),
    misused: (at) => ({ args: ['create', `${at.name}-empty`, ...fromWhere(at), ...dev], ...given(''), status: 2, says: 'The value is empty' })
  },
  read: {
    prepare: async (at) => put(at, at.name),
    succeeds: ({ name, isTerminal }) => ({ args: ['read', name, ...dev], says: isTerminal ? /value: +\*{8}/ : /value: +canary/, showsValue: !isTerminal }),
    refused: ({ name }) => noSecret('read', `${name}-none`),
    misused: () => withoutName('read')
  },
  update: {
    prepare: async (at) => put(at, at.name),
    succeeds: (at) => ({ args: ['update', at.name, ...fromWhere(at), ...dev], ...given('canary 2'), says: `Updated ${at.name} in dev`, leaves: 'canary 2' }),
    refused: (at) => ({ ...refusedAs('precondition-failed', 'update', `${at.name}-none`, ...fromWhere(at)), ...given(canary) }),
    misused: (at) => ({ args: ['update', at.name, canary, '--from-file', 'f', ...dev], status: 2, says: 'Either a value or --from-file' })
  },
  delete: {
    async prepare (at) {
      for (const name of [at.name, `${at.name}-kept`]) await put(at, name)
    },
    succeeds: ({ name, isTerminal }) => ({
      args: ['delete', name, ...isTerminal ? [] : ['--yes'], ...dev], answers: [{ after: '[y/N]', type: 'y\r' }], says: `Deleted ${name} in dev. Until `
    }),
    refused: ({ name, isTerminal }) => isTerminal
      ? { args: ['delete', `${name}-kept`, ...dev], answers: [{ after: '[y/N]', type: '\r' }], status: 1, says: 'Nothing was deleted' }
      : noSecret('delete', `${name}-none`, '--yes'),
    misused: ({ name }) => ({ args: ['delete', `${name}-kept`, ...dev], status: 2, says: '--yes deletes without asking' })
  },
  list: {
    prepare: async (at) => put(at, at.name),
    succeeds: ({ name }) => ({ args: ['list', '--prefix', name, ...dev], says: new RegExp(`^NAME.*\n${name} +active`), isTable: true }),
    refused: () => ({ ...refusedAs('unauthenticated', 'list'), token: tokens.expired }),
    misused: () => ({ args: ['list'], status: 2, says: 'Which environment?' })
  },
  versions: {
    prepare: async (at) => put(at, at.name),
    succeeds: ({ name }) => ({ args: ['versions', name, ...dev], says: /^VERSION.*\n\S+ +AWSCURRENT/, isTable: true }),
    refused: ({ name }) => noSecret('versions', `${name}-none`),
    misused: () => withoutName('versions')
  },
  rollback: {
    async prepare (at) {
      for (const value of ['canary 1', 'canary 2']) await put(at, at.name, { value })
      await put(at, `${at.name}-new`)
    },
    succeeds: ({ name }) => ({ args: ['rollback', name, ...dev], says: new RegExp(`${name} in dev is at version [\\w-]+ again`), leaves: 'canary 1' }),
    refused: ({ name }) => refusedAs('version-not-found', 'rollback', `${name}-new`),
    misused: () => withoutName('rollback')
  },
  restore: {
    async prepare (at) {
      await put(at, at.name)
      await at.gateway.send('DELETE', `/environments/dev/secrets/${at.name}`)
    },
    succeeds: ({ name }) => ({ args: ['restore', name, ...dev], says: `Restored ${name} in dev`, leaves: canary }),
    refused: ({ name }) => noSecret('restore', `${name}-none`),
    misused: () => withoutName('restore')
  },
  rotate: {
    async prepare (at) {
      for (const name of [at.name, `${at.name}-not`]) await put(at, name)
      const rotation = { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: false }
      await at.gateway.send('PUT', `/environments/dev/secrets/${at.name}/rotation`, { json: rotation })
      // AWS has the function tested.
      await at.gateway.rotateDue()
    },
    succeeds: ({ name }) => ({ args: ['rotate', name, ...dev], says: `The rotation of ${name} in dev has begun` }),
    refused: ({ name }) => refusedAs('aws-refused', 'rotate', `${name}-not`),
    misused: () => withoutName('rotate')
  },
  tag: {
    prepare: async (at) => put(at, at.name),
    succeeds: ({ name }) => ({ args: ['tag', name, 'team=a', '--remove', 'owner', ...dev], says: `${name} in dev: 1 tags set, 1 removed` }),
    refused: ({ name }) => noSecret('tag', `${name}-none`, 'team=a'),
    misused: ({ name }) => ({ args: ['tag', name, ...dev], status: 2, says: 'There is no tag to set or to remove' })
  },
  apply: {
    async prepare ({ folder, name }) {
      writeFileSync(join(folder, `${name}.yaml`), `secrets: [{ name: ${name}, value: ${canary} }]`)
      writeFileSync(join(folder, `${name}-broken.yaml`), `secrets: ${canary}: x`)
    },
    succeeds: ({ folder, name }) => ({ args: ['apply', '-f', join(folder, `${name}.yaml`), ...dev], says: /created/, isTable: true, leaves: canary }),
    refused: ({ folder, name }) => ({ args: ['apply', '-f', join(folder, `${name}-broken.yaml`), ...dev], status: 1, says: /YAML/ }),
    misused: () => ({ args: ['apply', ...dev], status: 2, says: 'required option \'-f, --file <file>\'' })
  },
  diff: {
    async prepare (at) {
      for (const env of ['dev', 'staging']) await put(at, `${at.name}/same`, { env })
      await put(at, `${at.name}-one/only`)
    },
    succeeds: ({ name }) => ({ args: ['diff', 'dev', 'staging', '--prefix', `${name}/`, '--values', '--all'], says: `${name}/same`, isTable: true }),
    refused: ({ name }) => ({ args: ['diff', 'dev', 'staging', '--prefix', `${name}-one/`], status: 1, says: /differ/, isTable: true }),
    misused: () => ({ args: ['diff', 'dev'], status: 2, says: /two environments/ })
  },
  promote: {
    prepare: async (at) => put(at, at.name, { env: 'staging' }),
    succeeds: ({ name }) => ({ args: ['promote', name, '--from', 'staging', '--to', 'dev'], says: /created/, isTable: true, leaves: canary }),
    refused: ({ name }) => ({ args: ['promote', `${name}-none`, '--from', 'staging', '--to', 'dev'], status: 1, says: /failed/ }),
    misused: () => ({ args: ['promote', '--from', 'staging', '--to', 'dev'], status: 2, says: /--missing/ })
  },
  run: {
    prepare: async (at) => put(at, at.name),
    succeeds: ({ name }) => ({
      args: ['run', '--map', `V=${name}`, ...dev, '--', process.execPath, '-e', 'console.log(`a value of ${process.env.V.length}`)'], says: `a value of ${canary.length}`
    }),
    refused: ({ name }) => ({ args: ['run', '--secret', name, ...dev, '--', '/nothing'], status: 1, says: '/nothing can\'t be run' }),
    misused: ({ name }) => ({ args: ['run', '--secret', name, ...dev], status: 2, says: 'missing required argument \'command\'' })
  },
  export: {
    prepare: async (at) => put(at, at.name),
    succeeds: ({ name }) => ({ args: ['export', '--format', 'dotenv', '--map', `V=${name}`, ...dev], says: 'V=\'canary\'', showsValue: true }),
    refused: ({ name }) => ({ args: ['export', '--format', 'dotenv', '--secret', name, '--secret', `${name}-none`, ...dev], status: 1, says: `${name}-none: ` }),
    misused: ({ name }) => ({ args: ['export', '--format', 'xml', '--secret', name, ...dev], status: 2, says: 'Allowed choices' })
  },
  local: {
    // It runs until it is told to end: a terminal's Ctrl-C does, and the signal of a supervisor.
    succeeds: () => ({
      args: ['local', '--', '--port', '0', '--memory'],
      says: /listens on http:/,
      answers: [{ after: 'listens on', type: '\u0003' }],
      steps: [{ after: 'listens on', act: (child) => child.kill('SIGTERM') }]
    }),
    refused: ({ gateway }) => ({ args: ['local', '--', '--port', new URL(gateway.url).port, '--memory'], status: 1, says: 'EADDRINUSE' }),
    misused: () => ({ args: ['local', '--', '--account', canary], status: 2, says: '--account must be' })
  },
  'keys create': {
    succeeds: ({ name }) => ({ args: ['keys', 'create', name], says: new RegExp(`shown this once: +sgw_${name}\\.[\\w-]{43}\n`) }),
    // It asks nobody who could refuse.
    refused: () => ({ args: ['keys', 'create', 'a:b'], status: 2, says: 'An ID has letters' })
  },
  'config check': {
    succeeds: ({ folder }) => ({ args: ['config', 'check', join(folder, 'good.yaml')], says: 'is valid; environments: dev' }),
    refused: ({ folder }) => ({ args: ['config', 'check', join(folder, 'bad.yaml')], status: 1, says: 'credentials.base' }),
    misused: () => ({ args: ['config', 'check'], status: 2, says: 'missing required argument \'file\'' })
  },
  'policy check': {
    succeeds: ({ folder }) => ({ args: ['policy', 'check', join(folder, 'policies')], says: '1 policies, all valid' }),
    refused: ({ folder }) => ({ args: ['policy', 'check', join(folder, 'none')], status: 1, says: 'ENOENT' }),
    misused: () => ({ args: ['policy', 'check'], status: 2, says: 'missing required argument \'dir\'' })
  },
  'policy test': {
    succeeds: ({ folder }) => ({ args: ['policy', 'test', join(folder, 'policies')], says: '1 as expected, 0 not' }),
    refused: ({ folder }) => ({ args: ['policy', 'test', join(folder, 'wrong-policies')], status: 1, says: 'The policies do not say what is expected of them' }),
    misused: () => ({ args: ['policy', 'test'], status: 2, says: 'missing required argument \'dir\'' })
  },
  'audit verify': {
    succeeds: ({ folder }) => ({ args: ['audit', 'verify', '--key', join(folder, 'key.pem'), join(folder, 'audit.jsonl')], says: 'The trail is as it was written' }),
    refused: ({ folder }) => ({ args: ['audit', 'verify', '--head', join(folder, 'audit.jsonl.head'), join(folder, 'changed.jsonl')], status: 1, says: 'The trail is NOT as it was written' }),
    misused: () => ({ args: ['audit', 'verify'], status: 2, says: 'missing required argument \'file\'' })
  },
  completion: {
    succeeds: () => ({ args: ['completion', 'bash'], says: /complete .*secretsctl/ }),
    refused: () => ({ args: ['completion', 'tcsh'], status: 2, says: 'Allowed choices' })
  }
}

/** What no command shows: where in its code it failed, who asked, and but for what is there for it, a value. */
function check (t: Test, output: string, { args, showsValue = false }: Pick<Run, 'args' | 'showsValue'>): void {
  const title = args.join(' ')
  t.notMatch(output, /^\s+at /m, `${title}: no stack trace`)
  t.notMatch(output, /-token-for-tests/, `${title}: no token`)
  t.equal(output.includes(canary), showsValue, `${title}: ${showsValue ? 'the' : 'no'} value`)
}

async function inPipe (t: Test, gateway: Pick<Gateway, 'url'>, run: Run): Promise<void> {
  const { args, status: expected = 0, says, ...setting } = run
  const { status, stdout, stderr } = await secretsctlProgram(gateway, args, { ...setting, ...fast })
  const title = args.join(' ')
  t.equal(status, expected, title)
  t.match(expected === 0 ? stdout : stderr, says, title)
  if (expected === 2) t.equal(stdout, '', `${title}: no result`)
  t.notMatch(stdout + stderr, /\u001b/, `${title}: no escape sequence`)
  check(t, stdout + stderr, run)
}

async function atTerminal (t: Test, gateway: Pick<Gateway, 'url'>, run: Run): Promise<void> {
  const { args, status: expected = 0, says, answers = [], token, isTable = false } = run
  const { status, screen } = await secretsctlTerminal(gateway, args, answers, { ...token !== undefined && { token }, ...fast })
  const title = args.join(' ')
  const shown = stripVTControlCharacters(screen).replaceAll('\r\n', '\n')
  t.equal(status, expected, title)
  t.match(shown, says, title)
  if (isTable) t.match(screen, /\u001b\[1m/, `${title}: colours`)
  check(t, shown, run)
}

/** There are many of these processes, and other tests cover the same lines. */
const fast = { isUncounted: true }

/** A process each, no more at a time than there are processors. */
const together = async <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> => {
  await pMap(items, work, { concurrency: availableParallelism() })
}

t.test('each command has a row', async (t) => {
  t.same(Object.keys(rows).sort(), (await commandNames()).commands.sort())
})

t.test('the help of each command has an example of it', async (t) => {
  const { commands, groups } = await commandNames()
  await together([...commands, ...groups], async (command) => {
    const inside = groups.includes(command) ? '\nCommands:\n' : `\nExample:\n.*secretsctl ${command}\\b`
    await inPipe(t, { url: '' }, { args: [...command.split(' '), '--help'], says: new RegExp(`^Usage: secretsctl ${command} [^]*${inside}`) })
    if (groups.includes(command)) await inPipe(t, { url: '' }, { args: [command], status: 2, says: `Usage: secretsctl ${command}` })
  })
})

t.test('each command succeeds, and is refused', async (t) => {
  const config = (more: object): string => JSON.stringify({
    environments: { dev: { region: 'eu-west-1', credential: 'base' } },
    credentials: { base: { kind: 'default-chain', ...more } },
    authentication: {},
    authorization: { policies: 'policies' }
  })
  const policy = { 'a.cedar': '@id("all") permit (principal, action, resource);' }
  const question = (expect: string): string =>
    `- { title: all, caller: { id: a }, actions: [GetSecretValue], environment: dev, name: a, credential: c, expect: ${expect} }\n`
  const folder = t.testdir({
    'good.yaml': config({}),
    'bad.yaml': config({ secretAccessKey: canary }),
    policies: { ...policy, 'a.test.yaml': question('allow') },
    'wrong-policies': { ...policy, 'a.test.yaml': question('deny') }
  })

  const audit = newTrail()
  await t.test('a gateway that has ended leaves its trail', async (t) => {
    const { send } = await build(t, { audit })
    t.match(await send('PUT', '/environments/dev/secrets/in-the-trail', { json: { value: canary } }), { status: 201 })
  })
  for (const [from, to] of [[audit.file, 'audit.jsonl'], [`${audit.file}.head`, 'audit.jsonl.head'], [audit.keyFile, 'key.pem']] as const) cpSync(from, join(folder, to))
  writeFileSync(join(folder, 'changed.jsonl'), readFileSync(audit.file, 'utf8').replace('in-the-trail', 'in-the-other'))

  const gateway = await build(t)
  const places = [
    { place: 'in a pipe', isTerminal: false, runIn: inPipe, skip: false },
    { place: 'at a terminal', isTerminal: true, runIn: atTerminal, skip: noTerminal }
  ] as const
  for (const { place, isTerminal, runIn, skip } of places) {
    t.test(place, { skip }, async (t) => {
      const runs: { name: string, run: Run }[] = []
      for (const [command, { prepare, succeeds, refused, misused }] of Object.entries(rows)) {
        const name = `${command.replaceAll(' ', '-')}-${isTerminal ? 'terminal' : 'pipe'}`
        const at = { gateway, folder, isTerminal, name }
        await prepare?.(at)
        const all = [succeeds(at), refused(at), ...misused === undefined || isTerminal ? [] : [misused(at)]]
        runs.push(...all.map((run) => ({ name, run })))
      }
      await together(runs, async ({ name, run }) => {
        await runIn(t, gateway, run)
        if (run.leaves !== undefined) t.equal((await gateway.send('GET', `/environments/dev/secrets/${name}`)).json.value, run.leaves, `${run.args.join(' ')}: it is done`)
      })
    })
  }
})
