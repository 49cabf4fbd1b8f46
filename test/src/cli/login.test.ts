import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { changeProfiles } from '#src/cli/profiles/store'
import { build, declared, tokens, type Gateway } from '#test/helper'
import { visit } from '#test/log-in-page'
import { startPeopleIssuer, type PeopleIssuer } from '#test/people-issuer'
import { secretsctl, type Outcome, type Setting } from '#test/secretsctl'
import { startSts } from '#test/sts'

type Ctl = (args: string, setting?: Setting) => Promise<Outcome>

/** Runs commands for a user who has set no variable. */
function user (t: Test): { ctl: Ctl, config: string, folder: string } {
  const folder = t.testdir({})
  const config = join(folder, 'config')
  const env = { XDG_CONFIG_HOME: config, SECRETS_GATEWAY_URL: undefined, SECRETS_GATEWAY_TOKEN: undefined }
  return {
    folder,
    config: join(config, 'secretsctl'),
    ctl: async (args, setting = {}) => secretsctl({ url: '' }, args.split(' '), { folder, ...setting, env: { ...env, ...setting.env } })
  }
}

const peopleGateway = async (t: Test, { settings }: PeopleIssuer, change: object = {}): Promise<Gateway> => build(t, {
  authentication: { ...declared.authentication, oidc: [{ ...settings, ...change }], groups: { administrators: { callers: ['people:maria'] } } }
})

t.test('login with a pasted token, whoami, envs, use, logout', async (t) => {
  const gateway = await build(t)
  const { ctl, config } = user(t)
  t.match(await ctl('whoami'), { status: 2, stdout: '', stderr: /^No gateway is chosen\. Log in once with: secretsctl login --url / })
  t.match(await ctl('login'), { status: 2, stderr: /Specify the gateway with --url/ })
  t.match(await ctl('login', { isTerminal: true, stdin: 'ftp://a\r' }), { status: 2, stderr: /URL of the gateway: [^]*'ftp:\/\/a' is not an HTTP URL/ })
  t.match(await ctl(`login --url ${gateway.url}`), { status: 2, stderr: /--with-token reads it from standard input/ })
  t.match(await ctl(`login --url ${gateway.url} --with-token`, { stdin: 'wrong\n' }), { status: 1, stderr: /\nThe gateway does not accept your token: .*secretsctl login/ })
  t.match(await ctl(`login --url ${gateway.url} --with-token`, { stdin: 'a b' }), { status: 2, stderr: /That is not a token/ })
  t.match(await ctl('profiles'), { status: 0, stdout: /^There is no profile yet/ }, 'a refused token is not stored')

  const prompted = await ctl(`login --url ${gateway.url}/ --env dev`, { isTerminal: true, stdin: `${tokens.administrator}\r` })
  t.match(prompted, { status: 0, stdout: new RegExp(`^Logged in to ${gateway.url} as administrator\nStored in the profile default`) })
  t.notMatch(prompted.stdout + prompted.stderr, tokens.administrator)
  t.equal(statSync(config).mode & 0o777, 0o700)
  t.equal(statSync(join(config, 'profiles.json')).mode & 0o777, 0o600)

  t.match(await ctl('whoami'), { status: 0, stdout: new RegExp(`^gateway: +${gateway.url} +\\(the current profile\\)\nprofile: +default +\\(its token is in a file\\)\nenvironment: +dev\ncaller: +administrator`) })
  t.match(JSON.parse((await ctl('whoami -o json')).stdout), { gateway: gateway.url, profile: 'default', environment: 'dev', id: 'administrator' })
  t.match(await ctl('whoami -o yaml'), { status: 0, stdout: new RegExp(`^gateway: "${gateway.url}"\n`) })
  t.match(await ctl('envs'), { status: 0, stdout: /^ +NAME.*\n\* +dev .*\n +staging .*\n +prod .*protected against deletion\n$/ })
  t.match(await ctl('list'), { status: 0, stdout: 'NAME  STATE  CHANGED  DESCRIPTION\n' }, 'the environment of the profile')
  t.match(await ctl('list', { env: { SECRETS_GATEWAY_ENV: 'nowhere' } }), { status: 1, stderr: /No environment nowhere, or you may not see it\. You can see: dev, staging, prod\n\(not-found/ })

  t.match(await ctl(`login --url ${gateway.url} --profile reader --with-token`, { stdin: tokens.reader }), { status: 0 })
  t.match(await ctl('whoami'), { stdout: /profile: +reader +\(its token is in a file\)[^]*caller: +reader/ }, 'the newest login is the current one')
  t.match(await ctl('whoami --profile default'), { stdout: /caller: +administrator/ })
  t.match(await ctl('whoami', { env: { SECRETS_GATEWAY_PROFILE: 'default' } }), { stdout: /caller: +administrator/ })
  t.match(await ctl('whoami', { env: { SECRETS_GATEWAY_TOKEN: tokens.writer } }), { stdout: /caller: +writer/ }, 'a variable comes before the profile')
  t.match(await ctl('whoami --profile default', { env: { SECRETS_GATEWAY_TOKEN: tokens.writer } }), { stdout: /caller: +administrator/ }, 'an option comes before a variable')
  t.match(await ctl('use default --env staging'), { status: 0, stdout: /^The current profile is default: .*, environment staging\n$/ })
  t.match(await ctl('profiles'), { stdout: /^ +NAME.*\n\* +default +http.* +staging +token +file\n +reader +http.* +token +file\n$/ })
  t.notMatch((await ctl('profiles --json')).stdout, tokens.reader)
  t.match(await ctl('use none'), { status: 2, stderr: /There is no profile none/ })
  t.match(await ctl('whoami --profile none'), { status: 2, stderr: /There is no profile none, which --profile names\. Your profiles: default, reader\./ })

  t.match(await ctl('logout'), { status: 0, stdout: /the profile default is removed/ })
  t.match(await ctl('whoami'), { status: 2, stderr: /^No gateway is chosen/ })
  t.match(await ctl(`whoami --url ${gateway.url}`), { status: 0, stdout: /caller: +reader/ }, 'a login is found by its URL')
  t.match(await ctl('logout'), { status: 2, stderr: 'You are not logged in anywhere\n' })
  t.match(await ctl('logout --all'), { status: 0, stdout: /reader is removed/ })
  t.match(await ctl('logout --all'), { status: 0, stdout: 'You were not logged in anywhere\n' })
  t.match(await ctl(`whoami --url ${gateway.url}`), { status: 1, stderr: `You are not logged in to ${gateway.url}. Log in with: secretsctl login --url ${gateway.url}\n` })
})

t.test('a process that took too long does not release the lock of another process', async (t) => {
  const folder = t.testdir({})
  const env = { XDG_CONFIG_HOME: folder }
  const lock = join(folder, 'secretsctl', 'lock')
  await changeProfiles(env, () => {
    writeFileSync(lock, 'of another process')
    return undefined
  })
  t.equal(readFileSync(lock, 'utf8'), 'of another process')
  const old = Date.now() / 1_000 - 120
  utimesSync(lock, old, old)
  await changeProfiles(env, () => undefined)
  t.equal(existsSync(lock), false, 'one that was left behind does not last')
})

t.test('a bad token in a variable', async (t) => {
  const gateway = await build(t)
  t.match(await secretsctl(gateway, ['list', '--env', 'dev'], { token: tokens.expired }), {
    status: 1, stderr: /^The caller is not authenticated\nThe gateway does not accept the token in SECRETS_GATEWAY_TOKEN: it is wrong, or has expired\. /
  })
})

t.test('files that others can read or change are not used', async (t) => {
  const gateway = await build(t)
  const { ctl, config, folder } = user(t)
  await ctl(`login --url ${gateway.url} --with-token`, { stdin: tokens.administrator })
  chmodSync(join(config, 'profiles.json'), 0o640)
  t.match(await ctl('whoami'), { status: 1, stderr: /^Other users can read or change .*profiles\.json, so it is not used\n.*chmod 600/ })
  chmodSync(join(config, 'profiles.json'), 0o600)
  chmodSync(config, 0o750)
  t.match(await ctl('whoami'), { status: 1, stderr: /^Other users can read or change .*secretsctl, so it is not used\n.*chmod 700/ })
  t.match(await ctl('logout'), { status: 1, stderr: /chmod 700/ })
  chmodSync(config, 0o700)
  for (const content of ['{', '[]', '{"profiles":{"a":{}}}']) {
    writeFileSync(join(config, 'profiles.json'), content)
    t.match(await ctl('whoami'), { status: 1, stderr: /profiles\.json is damaged\nRemove it, and log in again: rm / }, content)
  }
  t.match(await ctl('logout', { env: { XDG_CONFIG_HOME: join(folder, 'none', '..', 'file') } }), { status: 2 }, 'a folder that does not exist yet')
  t.match(await ctl('logout', { env: { XDG_CONFIG_HOME: 'relative', HOME: undefined } }), { status: 1, stderr: /set HOME or XDG_CONFIG_HOME/ })
})

t.test('a project file', async (t) => {
  const gateway = await build(t)
  const { ctl, folder } = user(t)
  await gateway.send('PUT', '/environments/dev/secrets/shop%2Fdb', { json: { value: '{"password":"p"}' } })
  const inner = join(folder, 'project', 'deep')
  mkdirSync(inner, { recursive: true })
  const write = (content: string): void => { writeFileSync(join(folder, 'project', '.secretsctl.yaml'), content) }
  const inProject = { folder: inner }

  write(`gateway: ${gateway.url}\nenvironment: dev\n`)
  const variable = { ...inProject, env: { SECRETS_GATEWAY_TOKEN: tokens.administrator } }
  t.match(await ctl('list', variable), { status: 1, stderr: /names the gateway http.*, to which you have not logged in\. Your token is not sent there/ }, 'a stranger\'s file gets no token')
  t.equal(gateway.log.filter((line) => line.includes('"/environments')).length, 1, 'only the write above arrived')
  t.match(await ctl('list', { ...variable, env: { ...variable.env, SECRETS_GATEWAY_URL: gateway.url } }), { status: 0, stdout: /shop\/db/ }, 'the user names the same gateway')
  t.match(await ctl('list', inProject), { status: 1, stderr: /You are not logged in to/ })
  const arrived = gateway.log.length
  t.match(await ctl('login --with-token', { ...inProject, stdin: tokens.administrator }), {
    status: 1, stderr: new RegExp(`^Only .*\\.secretsctl\\.yaml names the gateway ${gateway.url}, .*\nIf you trust this gateway: secretsctl login --url ${gateway.url} --with-token\n$`)
  })
  t.match(await ctl('login', { ...inProject, stdin: tokens.administrator }), { status: 1, stderr: /^Only .* names the gateway/ })
  t.match(await ctl('login --yes --with-token', { ...inProject, isTerminal: true, stdin: tokens.administrator }), { status: 1, stderr: /^Only .* names the gateway/ })
  t.equal(gateway.log.length, arrived, 'a stranger\'s gateway is not even asked')
  t.match(await ctl('login --yes', { ...inProject, isTerminal: true, stdin: 'n\r' }), {
    status: 1, stderr: new RegExp(`Only .* names this gateway, and anybody can write such a file\n[^]*Log in to ${gateway.url} for the first time, with a token\\? \\[y/N\\] [^]*You are not logged in to ${gateway.url}\n$`)
  })
  t.match(await ctl(`login --url ${gateway.url} --with-token`, { ...inProject, stdin: tokens.administrator }), { status: 0 })
  t.match(await ctl('login --with-token', { ...inProject, stdin: tokens.administrator }), { status: 0 }, 'the user knows the gateway')
  t.match(await ctl('list', inProject), { status: 0, stdout: /shop\/db/ })
  t.match(await ctl('list', variable), { status: 0 }, 'the user has logged in there')
  t.match(await ctl('whoami', inProject), { stdout: /\.secretsctl\.yaml\)\n[^]*environment: +dev/ })
  t.match(await ctl('list --env staging', inProject), { status: 0, stdout: /^NAME[^\n]*\n$/ }, 'an option comes first')

  write('profile: default\n')
  t.match(await ctl('whoami', inProject), { status: 0, stdout: /caller: +administrator/ })
  write('profile: other\n')
  t.match(await ctl('whoami', inProject), { status: 2, stderr: /There is no profile other, which .*\.secretsctl\.yaml names/ })
  write('')
  t.match(await ctl('whoami', inProject), { status: 0 }, 'an empty file')
  for (const [content, message] of [
    ['a: [', /\.secretsctl\.yaml:\nThe file is not valid YAML/],
    ['[1]', /must contain an object/],
    ['token: x', /unknown member token; it can have gateway, profile, environment, prefix, mapping/],
    ['gateway: 7', /gateway in .* must be an HTTP URL/],
    ['gateway: "https://user@host"', /gateway in .* must be an HTTP URL/],
    ['environment: ".."', /environment in .* must be the name of an environment/],
    ['mapping: { A: 1 }', /mapping in .* must be an object of variables/],
    [`gateway: ${gateway.url}\nprofile: default`, /has both a gateway and a profile/]
  ] as const) {
    write(content)
    t.match(await ctl('whoami', inProject), { status: 1, stderr: message }, content)
    t.match(await ctl('keys create a', inProject), { status: 0 }, 'a command without a gateway does not care')
  }
  write('environment: dev')
  const file = join(folder, 'project', '.secretsctl.yaml')
  chmodSync(file, 0o666)
  t.match(await ctl('whoami', inProject), { status: 1, stderr: /^Other users can change .*\n.*chmod go-w/ })
  const { uid, gid } = statSync(file)
  chmodSync(file, 0o664)
  t.match(await ctl('whoami', inProject), uid === gid ? { status: 0 } : { status: 1, stderr: /^Other users can change / }, 'a group of the user\'s own may change it')
  if (process.getuid?.() === 0) {
    chownSync(file, uid, gid + 1)
    t.match(await ctl('whoami', inProject), { status: 1, stderr: /^Other users can change / }, 'another group may not')
    chownSync(file, uid + 1, gid)
    t.match(await ctl('whoami', inProject), { status: 1, stderr: /belongs to another user/ })
    chownSync(file, uid, gid)
  }
  t.match(await ctl('whoami', { ...inProject, env: { SECRETS_GATEWAY_PROJECT_FILE: file } }), { status: 0, stdout: /environment: +dev/ }, 'a file that the user names')
  t.match(await ctl('whoami', { ...inProject, env: { SECRETS_GATEWAY_PROJECT_FILE: '' } }), { status: 0 }, 'no file')
  t.match(await ctl('whoami', { ...inProject, env: { SECRETS_GATEWAY_PROJECT_FILE: 'none.yaml' } }), { status: 1, stderr: /none\.yaml can't be read: no such file or directory/ })
})

t.test('login with a browser, and a new token when the old one has expired', async (t) => {
  const issuer = await startPeopleIssuer(t, { lifetime: 2 })
  const gateway = await peopleGateway(t, issuer)
  const { ctl, config, folder } = user(t)
  const browser = join(folder, 'browser')
  // Another page in the browser sends a request whose target is not a valid URL.
  const stray = 'http.get({ port: new URL(new URL(process.argv[1]).searchParams.get("redirect_uri")).port, path: "//" }, (reply) => process.exit(reply.statusCode === 404 ? 0 : 1))'
  writeFileSync(browser, `#!/bin/sh\nunset NODE_OPTIONS\n${process.execPath} -e '${stray}' "$1" || exit 1\nexec ${process.execPath} ${join(import.meta.dirname, '..', '..', 'log-in-page.ts')} "$1"\n`, { mode: 0o755 })
  const loggedIn = await ctl(`login --url ${gateway.url}`, { env: { BROWSER: browser } })
  t.match(loggedIn, { status: 0, stdout: /as people:maria\n/, stderr: /^Logging in to http.* with the issuer people \(http.*\)\nLog in on this page, which opens in your browser:\n {2}http.*code_challenge_method=S256/ })
  const stored = (): string => readFileSync(join(config, 'profiles.json'), 'utf8')
  const first = stored()
  t.match(first, /"refreshToken": "[^"]+"/)
  t.match(await ctl('list --env dev'), { status: 0 }, 'a token that is about to expire is renewed')
  const second = stored()
  t.not(second, first)
  const outcomes = await Promise.all([ctl('list --env dev'), ctl('list --env dev')])
  t.match(outcomes, [{ status: 0 }, { status: 0 }], 'two processes don\'t spoil each other\'s refresh token')

  issuer.stop()
  t.match(await ctl('list --env dev'), { status: 1, stderr: /^Your login to .* has expired, and could not be renewed: .* does not answer\nLog in again with: secretsctl login --profile default\n$/ })
  t.match(await ctl('logout'), { status: 0, stderr: /was not told to forget this login/ })
})

t.test('login with another device, and logout', async (t) => {
  const issuer = await startPeopleIssuer(t)
  const gateway = await peopleGateway(t, issuer)
  const { ctl, config } = user(t)
  let visited: Promise<string> | undefined
  const onStderr = (text: string): void => {
    const [, page] = /on any device: +(\S+)\n[^]*code there: +\S+\n/.exec(text) ?? []
    if (page !== undefined) visited ??= visit(page)
  }
  t.match(await ctl(`login --url ${gateway.url} --issuer people --device`, { onStderr }), { status: 0, stdout: /as people:maria\n/ })
  await visited
  t.match(await ctl('list --env dev'), { status: 0 })
  const { requests } = issuer
  let isLocked = false
  requests.push = (...paths) => {
    isLocked ||= existsSync(join(config, 'lock'))
    return Array.prototype.push.apply(requests, paths)
  }
  t.match(await ctl('logout'), { status: 0, stderr: '' })
  t.equal(isLocked, false, 'nobody waits for the issuer')
  t.ok(issuer.requests.some((path) => path.startsWith('/token/revocation')), 'the issuer forgets the login')
  t.match(await ctl(`login --url ${gateway.url} --issuer corp`), { status: 1, stderr: /has no issuer corp\. It has: people/ })
})

t.test('logins that the issuer does not offer', async (t) => {
  const issuer = await startPeopleIssuer(t, { deviceFlow: false })
  const gateway = await peopleGateway(t, issuer)
  const { ctl } = user(t)
  t.match(await ctl(`login --url ${gateway.url} --device`), { status: 1, stderr: /has no login with another device: use --browser/ })
  issuer.stop()
  t.match(await ctl(`login --url ${gateway.url} --browser`), { status: 1, stderr: /does not answer\n$/ })
  const none = await build(t)
  t.match(await ctl(`login --url ${none.url} --browser`), { status: 1, stderr: /has no issuer for logging in: use a token/ })
  t.match(await ctl(`login --url ${none.url} --aws`), { status: 1, stderr: /does not let AWS identities log in/ })
  const two = await build(t, { authentication: { oidc: ['one', 'two'].map((name) => ({ ...issuer.settings, name, issuer: `${issuer.settings.issuer}/${name}` })) } })
  t.match(await ctl(`login --url ${two.url}`), { status: 2, stderr: /Specify the issuer with --issuer: one, two/ })
})

t.test('a gateway can\'t get a login that is valid at another gateway', async (t) => {
  const issuer = await startPeopleIssuer(t)
  const gateway = await peopleGateway(t, issuer)
  const { ctl } = user(t)
  const device = async (args: string, setting: Setting = {}): Promise<Outcome> => {
    let visited: Promise<string> | undefined
    const onStderr = (text: string): void => {
      const [, page] = /on any device: +(\S+)\n[^]*code there: +\S+\n/.exec(text) ?? []
      if (page !== undefined) visited ??= visit(page)
    }
    return ctl(`login ${args} --device`, { ...setting, onStderr })
  }
  const question = new RegExp(`Log in to ${gateway.url} for the first time, with the issuer people \\(${issuer.settings.issuer}\\)\\? \\[y/N\\] `)
  t.match(await device(`--url ${gateway.url}`, { isTerminal: true, stdin: 'n\r' }), { status: 1, stderr: question })
  t.same(issuer.requests, [], 'nothing was sent to the issuer')
  t.match(await device(`--url ${gateway.url}`, { isTerminal: true, stdin: 'y\r' }), { status: 0, stderr: question })
  const again = await device(`--url ${gateway.url}`, { isTerminal: true })
  t.match(again, { status: 0, stderr: new RegExp(`^Logging in to ${gateway.url} with the issuer people`) })
  t.notMatch(again.stderr, '[y/N]', 'a gateway that the user knows')

  const relay = await peopleGateway(t, issuer)
  const shared = `Your profile default, for ${gateway.url}, logs in with the same issuer and client. ${relay.url} could use your login there`
  const count = issuer.requests.length
  t.match(await device(`--url ${relay.url} --profile other`), { status: 1, stderr: `${shared}\nIf that is right: secretsctl login --url ${relay.url} --profile other --device --yes\n` })
  t.match(await device(`--url ${relay.url}`, { isTerminal: true, stdin: 'n\r' }), { status: 1, stderr: shared })
  t.equal(issuer.requests.length, count)
  t.match(await device(`--url ${relay.url} --profile other --yes`), { status: 0 })
  t.match(await device(`--url ${relay.url} --profile other`), { status: 0 }, 'the user has accepted it')

  for (const login of [{ parameters: { resource: gateway.url } }, { parameters: { audience: gateway.url } }, { scope: `openid ${gateway.url}/read` }]) {
    const other = await peopleGateway(t, issuer, { login: { clientId: 'another', ...login } })
    t.match(await device(`--url ${other.url}`), {
      status: 1, stderr: new RegExp(`^${other.url} wants a token for ${gateway.url}/.*, which is another site\\. .*\nIf that is right: .* --yes\n$`)
    })
  }
})

t.test('login with an AWS identity', async (t) => {
  const principal = {
    accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '444455556666', userId: 'AIDAUSERUSERUSERUSER',
    arn: 'arn:aws:iam::444455556666:user/deployer'
  }
  const sts = await startSts(t, [principal])
  const aws = { serverId: 'gateway.test', regions: ['eu-west-1', 'eu-central-1'], identities: [{ account: '444455556666', groups: ['administrators'] }], tokenLifetimeSeconds: 60 }
  const gateway = await build(t, { authentication: { ...declared.authentication, aws }, aws: { stsEndpoint: sts.url } })
  const { ctl } = user(t)
  const variables = { AWS_ACCESS_KEY_ID: principal.accessKeyId, AWS_SECRET_ACCESS_KEY: principal.secretAccessKey, AWS_ENDPOINT_URL_STS: sts.url }
  const before = { ...process.env }
  t.teardown(() => { process.env = before })
  Object.assign(process.env, variables)
  t.match(await ctl(`login --url ${gateway.url} --aws --region eu-central-1`), {
    status: 1, stderr: new RegExp(`has the server ID gateway\\.test, which is not its host\\. .*\nIf that is right: secretsctl login --url ${gateway.url} --region eu-central-1 --aws --server-id gateway\\.test\n$`)
  })
  t.match(await ctl(`login --url ${gateway.url} --aws --server-id other.test`), { status: 1, stderr: /has the server ID gateway\.test, not other\.test/ })
  t.equal(sts.requests.length, 0)
  t.match(await ctl(`login --url ${gateway.url} --aws --region eu-central-1 --server-id gateway.test`), { status: 0, stdout: /as aws:444455556666:AIDAUSERUSERUSERUSER\n/ })
  t.match(await ctl('whoami'), { status: 0, stdout: /caller: +aws:444455556666:AIDAUSERUSERUSERUSER/ })
  t.match(await ctl(`login --url ${gateway.url} --aws`), { status: 0 }, 'the user has accepted this server ID')
  const relay = await build(t, { authentication: { ...declared.authentication, aws }, aws: { stsEndpoint: sts.url } })
  t.match(await ctl(`login --url ${relay.url} --aws --server-id gateway.test`), {
    status: 1, stderr: new RegExp(`^Your profile default, for ${gateway.url}, logs in with the same server ID\\. ${relay.url} could use your login there\nIf that is right: .* --server-id gateway\\.test --aws --yes\n$`)
  })
  t.match(await ctl(`login --url ${relay.url} --aws`, { isTerminal: true, stdin: 'n\r' }), { status: 1, stderr: /for the first time, with your AWS identity\? \[y\/N\] / })
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' })
  t.match(await ctl(`login --url ${gateway.url} --aws`), { status: 1, stderr: /\nThere are no AWS keys: log in to AWS first/ })
})
