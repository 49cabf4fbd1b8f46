import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newTrail } from '#test/audit-trail'
import { importsOf } from '#test/contract/import-rules'
import { build, type Gateway } from '#test/helper'
import { commandNames, noTerminal, secretsctlProgram, secretsctlTerminal } from '#test/secretsctl'
import { assertNoLeak, canary, fast, inParallel, rows, type Run } from './command-rows.ts'

async function inPipe (t: Test, gateway: Pick<Gateway, 'url'>, run: Run): Promise<void> {
  const { args, status: expected = 0, output, question: _, ...setting } = run
  const { status, stdout, stderr } = await secretsctlProgram(gateway, args, { ...setting, ...fast })
  const title = args.join(' ')
  t.equal(status, expected, title)
  t.match(expected === 0 ? stdout : stderr, output, title)
  if (expected === 2) t.equal(stdout, '', `${title}: no result`)
  t.notMatch(stdout + stderr, /\u001b/, `${title}: no escape sequence`)
  assertNoLeak(t, stdout + stderr, run)
}

/** Runs a command whose result nobody reads, such as in `secretsctl list | head -n 0`. */
async function unread (t: Test, gateway: Pick<Gateway, 'url'>, run: Run): Promise<void> {
  const { args, status: expected = 0, output: _output, question: _question, ...setting } = run
  const { status, stderr } = await secretsctlProgram(gateway, args, { ...setting, ...fast, closed: ['stdout'] })
  const title = `${args.join(' ')} | head -n 0`
  t.equal(status, expected, title)
  t.notMatch(stderr, /EPIPE|bug/, `${title}: no complaint`)
  assertNoLeak(t, stderr, { args })
}

async function atTerminal (t: Test, gateway: Pick<Gateway, 'url'>, run: Run): Promise<void> {
  const { args, status: expected = 0, output, answers = [], token, env, isTable = false, question } = run
  const { status, output: raw, screen } = await secretsctlTerminal(gateway, args, answers, { ...token !== undefined && { token }, ...env !== undefined && { env }, ...fast })
  const title = args.join(' ')
  t.equal(status, expected, title)
  t.match(screen, output, title)
  if (question !== undefined) t.match(screen, question, `${title}: the question is on the screen`)
  if (isTable) t.match(raw, /\u001b\[1m/, `${title}: colours`)
  assertNoLeak(t, raw, run)
}

t.test('every command has a row', async (t) => {
  t.same(Object.keys(rows).sort(), (await commandNames()).commands.sort())
})

t.test('every command that can ask a question has a cancellation at the question', async (t) => {
  const imports = Map.groupBy(await importsOf(join(import.meta.dirname, '..', '..', '..')), ({ from }) => from)
  const reachedFrom = (file: string): Set<string> => {
    const reached = new Set([file])
    for (const each of reached) for (const { to } of imports.get(each) ?? []) reached.add(to)
    return reached
  }
  const asks = (command: string): boolean => reachedFrom(`src/cli/commands/${command.replace(' ', '-')}.ts`).has('src/cli/prompt.ts')
  const isTested = (command: string): boolean => rows[command]?.cancelled !== undefined
  const untested = Object.keys(rows).filter((command) => asks(command) !== isTested(command))
  t.same(untested, ['apply'], 'apply shows the same plan as import, but does not ask')
})

t.test('the help of every command has an example', async (t) => {
  const { commands, groups } = await commandNames()
  await inParallel([...commands, ...groups], async (command) => {
    const inside = groups.includes(command) ? '\nCommands:\n' : `\nExample:\n.*secretsctl ${command}\\b`
    const help = { args: [...command.split(' '), '--help'], output: new RegExp(`^Usage: secretsctl ${command} [^]*${inside}`) }
    await inPipe(t, { url: '' }, help)
    if (noTerminal === false) {
      const columns = 80
      const { status, output, screen } = await secretsctlTerminal({ url: '' }, help.args, [], { ...fast, columns })
      t.equal(status, 0, `${help.args.join(' ')} at a terminal`)
      t.match(screen, help.output)
      // An example is one line, so that it can be copied.
      const [explained = ''] = output.split('\r\n\r\nExample:')
      t.same(explained.split('\r\n').filter((line) => line.length > columns), [], `${help.args.join(' ')}: fits the terminal`)
    }
    if (groups.includes(command)) await inPipe(t, { url: '' }, { args: [command], status: 2, output: `Usage: secretsctl ${command}` })
  })
})

t.test('every command succeeds and fails as expected', async (t) => {
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
  await t.test('a stopped gateway leaves its audit trail', async (t) => {
    const { send } = await build(t, { audit })
    t.match(await send('PUT', '/environments/dev/secrets/in-the-trail', { json: { value: canary } }), { status: 201 })
  })
  for (const [from, to] of [[audit.file, 'audit.jsonl'], [`${audit.file}.head`, 'audit.jsonl.head'], [audit.keyFile, 'key.pem']] as const) cpSync(from, join(folder, to))
  writeFileSync(join(folder, 'changed.jsonl'), readFileSync(audit.file, 'utf8').replace('in-the-trail', 'in-the-other'))

  const gateway = await build(t)
  const modes = [
    { mode: 'in a pipe', isTerminal: false, runIn: inPipe, kinds: ['succeeds', 'refused', 'misused'], skip: false },
    { mode: 'in a pipe that nobody reads', isTerminal: false, runIn: unread, kinds: ['succeeds'], skip: false },
    { mode: 'at a terminal', isTerminal: true, runIn: atTerminal, kinds: ['succeeds', 'refused'], skip: noTerminal }
  ] as const
  for (const { mode, isTerminal, runIn, kinds, skip } of modes) {
    t.test(mode, { skip }, async (t) => {
      const runs: { name: string, run: Run }[] = []
      for (const [command, row] of Object.entries(rows)) {
        // A server reports that it has started on its standard output, which nobody reads here.
        if (runIn === unread && row.isServer === true) continue
        const name = `${command} ${mode}`.replaceAll(' ', '-')
        const context = { gateway, folder, isTerminal, name }
        await row.prepare?.(context)
        runs.push(...kinds.flatMap((kind) => row[kind]?.(context) ?? []).map((run) => ({ name, run })))
      }
      await inParallel(runs, async ({ name, run }) => {
        await runIn(t, gateway, run)
        if (run.finalValue !== undefined) t.equal((await gateway.send('GET', `/environments/dev/secrets/${name}`)).json.value, run.finalValue, `${run.args.join(' ')}: has the expected effect`)
      })
    })
  }
})
