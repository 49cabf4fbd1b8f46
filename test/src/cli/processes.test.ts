import { spawnSync, type ChildProcess } from 'node:child_process'
import t from 'tap'
import { build, caching, tokens } from '#test/helper'
import { noTerminal, secretsctlProgram, secretsctlTerminal, type Outcome } from '#test/secretsctl'
import { uncountedNode } from '#test/uncounted'

const signal = (name: NodeJS.Signals) => (child: ChildProcess): boolean => child.kill(name)

const node = (script: string): string[] => ['--', 'env', ...uncountedNode, '-e', script]

/** Starts a process without measuring coverage, because other tests cover the same lines. */
const fast = { withoutCoverage: true }

t.test('run: passes secrets in the program\'s environment, and exits with the program\'s status', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', '/environments/dev/secrets', { json: { secrets: [{ name: 'app/db', value: { password: 'canary' } }, { name: 'app/key', value: 'k' }] } })
  const run = ['run', '--env', 'dev', '--prefix', 'app/']
  const show = node('const { KEY, DB, TOKEN, SECRETS_GATEWAY_TOKEN, INHERITED } = process.env; console.log(KEY, DB, TOKEN, SECRETS_GATEWAY_TOKEN, INHERITED); process.exit(7)')
  t.same(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--secret', 'app/key', '--map', 'DB=app/db#password', ...show], { env: { INHERITED: 'i' } }), {
    status: 7, stdout: 'undefined canary undefined undefined i\n', stderr: ''
  })
  t.match(await secretsctlProgram(gateway, [...run, ...show]), { status: 7, stdout: 'k {"password":"canary"} undefined undefined undefined\n' })
  t.match(await secretsctlProgram(gateway, [...run, ...node('process.stdin.pipe(process.stdout)')], { ...fast, stdin: 'through' }), { status: 0, stdout: 'through' })

  const waits = node('process.on("SIGTERM", () => { console.log("received"); process.exit(3) }); setInterval(() => {}, 1000); console.log("ready")')
  t.match(await secretsctlProgram(gateway, [...run, ...waits], { steps: [{ after: 'ready', act: signal('SIGTERM') }] }), { status: 3, stdout: 'ready\nreceived\n' })
  const dies = node('setInterval(() => {}, 1000); console.log("ready")')
  t.match(await secretsctlProgram(gateway, [...run, ...dies], { ...fast, steps: [{ after: 'ready', act: signal('SIGINT') }] }), { status: 130 })

  t.match(await secretsctlProgram(gateway, [...run, '--', '/nothing']), { status: 127, stdout: '', stderr: '/nothing can\'t be run: no such file or directory\n' })
  t.match(await secretsctlProgram(gateway, [...run, '--', '/']), { status: 126, stdout: '', stderr: '/ can\'t be run: permission denied\n' })
  t.match(await secretsctlProgram(gateway, [...run, ...node('process.exit(1)')]), { status: 1, stderr: '' }, 'the program\'s own status')
  t.match(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--secret', 'app/none', ...show]), { status: 125, stdout: '', stderr: /^app\/none: / }, 'does not run without a secret')
  t.match(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--prefix', 'app/'], fast), { status: 125, stderr: /missing required argument 'command'/ })
})

t.test('run: a secret can\'t choose a name that changes how programs run, or one that is already set', async (t) => {
  const gateway = await build(t)
  const run = async (...args: string[]): Promise<Outcome> => secretsctlProgram(gateway, ['run', '--env', 'dev', ...args], { env: { INHERITED: 'i' } })
  const show = node('console.log(process.env.INHERITED, process.env.BASH_ENV, process.env.USER_NAME)')
  await gateway.send('POST', '/environments/dev/secrets', { json: { secrets: [{ name: 'app/inherited', value: 'other' }, { name: 'app', value: { BASH_ENV: '/evil', userName: 'u' } }] } })
  t.match(await run('--prefix', 'app/', ...show), { status: 125, stdout: '', stderr: /\n {2}INHERITED, from app\/inherited: is already set where secretsctl runs\n[^]*\n {2}--map INHERITED=app\/inherited\n$/ })
  t.match(await run('--prefix', 'app/', '--map', 'INHERITED=app/inherited', ...show), { status: 0, stdout: 'other undefined undefined\n' })
  t.match(await run('--prefix', 'app', '--map', 'I=app/inherited', '--json-keys', ...show), { status: 125, stdout: '', stderr: /\n {2}BASH_ENV, from the key BASH_ENV of app: / })
  t.match(await run('--prefix', 'app', '--map', 'I=app/inherited', '--json-keys', '--map', 'BASH_ENV=app#BASH_ENV', ...show), { status: 0, stdout: 'i /evil undefined\n' })
})

t.test('run --watch: restarts the program when its secrets have changed', async (t) => {
  const gateway = await build(t)
  const secrets = '/environments/dev/secrets'
  const put = async (name: string, value: string): Promise<unknown> => gateway.send('PUT', `${secrets}/app%2F${name}`, { json: { value } })
  await put('key', 'first')
  const program = node(`
    console.log(process.env.KEY)
    process.on('SIGTERM', () => { console.log('received'); process.exit(0) })
    if (process.env.KEY === 'third') setTimeout(() => { process.exit(5) }, 100)
    setInterval(() => {}, 1000)`)
  const args = ['run', '--env', 'dev', '--prefix', 'app/', '--watch', '1', ...program]
  const outcome = await secretsctlProgram(gateway, args, {
    steps: [
      { after: 'first\n', act: async () => put('key', 'second') },
      // Having two secrets for the same variable is an error, but does not terminate the program.
      { after: 'second\n', act: async () => put('KEY', 'x') },
      {
        after: 'continues with',
        async act () {
          await put('key', 'third')
          await gateway.send('DELETE', `${secrets}/app%2FKEY?force=true`)
        }
      }
    ]
  })
  t.match(outcome, { status: 5, stdout: 'first\nreceived\nsecond\nreceived\nthird\n' })
  const [refusal = '', ...lines] = outcome.stderr.split('\n')
  t.match(refusal, /^The cache is disabled in this environment: /, 'the interval is used because the gateway can\'t report changes')
  t.same(lines, [
    'The secrets are read again every 1 seconds',
    'The secrets have changed: restarting the program',
    'app/key and app/KEY would both become the variable KEY: use --map to rename one',
    'The program continues with its current secrets',
    'The secrets have changed: restarting the program',
    ''
  ])
  t.match(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--prefix', 'app/', '--watch', '0', ...program]), { status: 125, stderr: /number of seconds/ })
})

t.test('run --watch: the gateway reports changes', async (t) => {
  const gateway = await build(t, caching)
  const path = '/environments/dev/secrets/app%2Fkey'
  await gateway.send('PUT', path, { json: { value: 'first' } })
  await gateway.send('PUT', '/environments/dev/secrets/other', { json: { value: 'x' } })
  const program = node(`
    process.on('SIGTERM', () => { process.exit(0) })
    console.log(process.env.KEY)
    if (!['first', 'second'].includes(process.env.KEY)) setTimeout(() => { process.exit(5) }, 100)
    setInterval(() => {}, 1000)`)
  let rotatedAt = 0
  // The interval is never over. The caller may only read.
  const args = ['run', '--env', 'dev', '--secret', 'other', '--map', 'KEY=app/key', '--watch', '86400', ...program]
  const outcome = await secretsctlProgram(gateway, args, {
    token: tokens.reader,
    steps: [
      { after: 'first\n', act: async () => gateway.send('PUT', path, { json: { value: 'second' } }) },
      {
        after: 'second\n',
        async act () {
          await gateway.send('PUT', `${path}/rotation`, {
            json: { lambdaArn: 'arn:aws:lambda:eu-west-1:111111111111:function:rotator', automaticallyAfterDays: 30, rotateImmediately: true }
          })
          await gateway.rotateDue()
          rotatedAt = performance.now()
        }
      }
    ]
  })
  t.comment(`the program ended ${Math.round(performance.now() - rotatedAt)} ms after the rotation`)
  t.match(outcome, { status: 5, stdout: /^first\nsecond\n.{32}\n$/ })
})

t.test('run: a signal that arrives as soon as the program has started reaches it', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/key', { json: { value: 'v' } })
  const preload = `
    import processes from 'node:child_process'
    import { syncBuiltinESMExports } from 'node:module'
    process.env.RUN_PID ??= String(process.pid)
    const { spawn } = processes
    processes.spawn = (...all) => {
      const child = spawn(...all)
      process.kill(process.pid, 'SIGTERM')
      return child
    }
    syncBuiltinESMExports()`
  const program = node(`
    setInterval(() => {
      if (String(process.ppid) === process.env.RUN_PID) return
      console.log('left behind')
      process.exit()
    }, 10)`)
  const options = `${process.env.NODE_OPTIONS ?? ''} --import=data:text/javascript,${encodeURIComponent(preload)}`
  t.match(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--secret', 'key', ...program], { env: { NODE_OPTIONS: options } }),
    { status: 143, stdout: '' })
})

t.test('run --watch: a signal during the restart terminates the command', async (t) => {
  const gateway = await build(t)
  const put = async (value: string): Promise<unknown> => gateway.send('PUT', '/environments/dev/secrets/key', { json: { value } })
  await put('first')
  const slow = node('console.log(process.env.KEY); process.on("SIGTERM", () => { console.log("received"); setTimeout(() => { process.exit(0) }, 300) }); setInterval(() => {}, 1000)')
  t.match(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--secret', 'key', '--watch', '1', ...slow], {
    steps: [{ after: 'first\n', act: async () => put('second') }, { after: 'received\n', act: signal('SIGTERM') }]
  }), { status: 143, stdout: /^first\nreceived\n(received\n)?$/ })

  // The program is slow to exit after SIGTERM. If its secrets change in the meantime, it must not be restarted.
  await put('first')
  const slowToExit = node(`
    if (process.env.KEY === 'second') process.exit(9)
    let received = 0
    process.on('SIGTERM', () => { console.log('received'); if (++received === 2) process.exit(0) })
    console.log(process.env.KEY)
    setInterval(() => {}, 1000)`)
  t.match(await secretsctlProgram(gateway, ['run', '--env', 'dev', '--secret', 'key', '--watch', '1', ...slowToExit], {
    steps: [{ after: 'first\n', act: signal('SIGTERM') }, { after: 'received\n', act: async () => put('second') }]
  }), { status: 143, stdout: 'first\nreceived\nreceived\n' })
})

t.test('in a pipe', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctlProgram(gateway, ['create', 'a', '-', '--env', 'dev'], { ...fast, stdin: 'from a pipe\n' }), { status: 0, stdout: /^Created a in dev/, stderr: '' })
  t.same(await secretsctlProgram(gateway, ['read', 'a', '--env', 'dev', '--value'], fast), { status: 0, stdout: 'from a pipe', stderr: '' })
  const list = await secretsctlProgram(gateway, ['list', '--env', 'dev'], fast)
  t.match(list.stdout, /^NAME/, 'without colours')
  t.match(await secretsctlProgram(gateway, ['delete', 'a', '--env', 'dev'], fast), { status: 2 })
  const closed = await secretsctlProgram(gateway, ['read', 'a', '--env', 'dev'], { closed: ['stdout'] })
  t.match(closed, { status: 0, stderr: '' }, 'a closed pipe is not an error')
  const applied = await secretsctlProgram(gateway, ['apply', '-f', '-', '--env', 'dev'], { ...fast, stdin: 'secretNames: [b, c]', closed: ['stdout'] })
  t.match(applied, { status: 0, stderr: '' })
  t.equal((await gateway.send('GET', '/environments/dev/secrets/c/metadata')).status, 200, 'the command completes')
  t.match(await secretsctlProgram(gateway, ['diff', 'dev', 'staging'], { ...fast, closed: ['stdout'] }), { status: 3 }, 'the command keeps its own exit status')
})

t.test('at a terminal', { skip: noTerminal }, async (t) => {
  const gateway = await build(t)
  const created = await secretsctlTerminal(gateway, ['create', 'a', '--env', 'dev'], [{ after: 'not shown', type: 'canary\r' }])
  t.match(created, { status: 0, screen: /Created a in dev/ })
  t.notMatch(created.output, /canary/, 'the prompt does not echo the value')
  t.equal((await gateway.send('GET', '/environments/dev/secrets/a')).json.value, 'canary')

  const read = await secretsctlTerminal(gateway, ['read', 'a', '--env', 'dev'], [], fast)
  t.match(read, { status: 0, screen: /value: +\*{8}/ })
  t.notMatch(read.output, /canary/)
  t.match(await secretsctlTerminal(gateway, ['read', 'a', '--env', 'dev', '--value'], [], fast), { status: 0, screen: /^canary\r?\n/ })

  t.match(await secretsctlTerminal(gateway, ['list', '--env', 'dev'], [], fast), { output: /\u001b\[1mNAME/ })
  t.notMatch((await secretsctlTerminal(gateway, ['list', '--env', 'dev'], [], { ...fast, env: { NO_COLOR: '1' } })).output, /\u001b\[/)

  t.match(await secretsctlTerminal(gateway, ['delete', 'a', '--env', 'dev'], [{ after: '[y/N]', type: 'n\r' }], fast), { status: 1, screen: /Nothing was deleted/ })
  t.match(await secretsctlTerminal(gateway, ['delete', 'a', '--env', 'dev'], [{ after: '[y/N]', type: '\u0003' }]), { status: 130, screen: /\[y\/N\] \nNothing was sent/ })
  t.match(await secretsctlTerminal(gateway, ['delete', 'a', '--env', 'dev'], [{ after: '[y/N]', type: '\u0004' }], fast), { status: 1, screen: /\[y\/N\] \nNothing was sent/ }, 'the end of the input')
  t.match(await secretsctlTerminal(gateway, ['delete', 'a', '--env', 'dev'], [{ after: '[y/N]', type: 'y\r' }], fast), { status: 0, screen: /until \d{4}-/ })
})

t.test('the question before a deletion is visible, and can\'t control the terminal', { skip: noTerminal }, async (t) => {
  const gateway = await build(t)
  const { status, screen } = await secretsctlTerminal(gateway, ['delete', 'x\u009b2J\u202ey', '--env', 'dev'], [{ after: '[y/N]', type: 'n\r' }])
  t.equal(status, 1)
  t.match(screen, /Delete x\\u009b2J\\u202ey in dev\? \[y\/N\] /)
  t.notMatch(screen, /[\u009b\u202e]/)
  // The question must stay on the screen until the answer. Readline could erase it when it redraws the line of the answer.
  t.match(screen, /\[y\/N\] (?:\u001b\[\d+G)?n/, 'nothing erases the question')
})

t.test('local: the embedded Secrets Manager', async (t) => {
  const nowhere = { url: '' }
  t.match(await secretsctlProgram(nowhere, ['local', '--', '--port', '0', '--memory'], { steps: [{ after: 'listens on', act: signal('SIGTERM') }] }), { status: 0, stdout: /in memory/ })
  t.match(await secretsctlProgram(nowhere, ['local', '--', '--port', 'x']), { status: 2, stderr: /--port must be a number/ })
  t.match(await secretsctlProgram(nowhere, ['local', '--', '--help'], fast), { status: 0, stdout: /--data-dir/ })
})

t.test('completion', async (t) => {
  const nowhere = { url: '' }
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout } = await secretsctlProgram(nowhere, ['completion', shell], { withoutCoverage: shell !== 'bash' })
    t.equal(status, 0)
    t.match(stdout, /secretsctl/)
    if (shell === 'bash') t.equal(spawnSync('bash', ['-n'], { input: stdout }).status, 0)
  }
  t.match(await secretsctlProgram(nowhere, ['complete', '--', 'ro']), { status: 0, stdout: /rollback[\s\S]*rotate/ })
  t.match(await secretsctlProgram(nowhere, ['complete', '--', 'keys', ''], fast), { status: 0, stdout: /create/ })
  t.match(await secretsctlProgram(nowhere, ['export', '--format', 'none'], fast), { status: 2 })
})
