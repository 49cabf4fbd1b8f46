import { PassThrough } from 'node:stream'
import t from 'tap'
import type { Issuer } from '#src/cli/login/openid'
import type { Way } from '#src/cli/login/methods'
import { assertIntended, type LoginOptions } from '#src/cli/login/trust'
import type { Credential, Profiles } from '#src/cli/profiles/profiles'
import { CommandFailure, terminalOf } from '#src/cli/terminal'
import type { Line } from '#src/command-line/output'

const url = 'https://secrets.example.com:8443'

const logIn = async (): Promise<Credential> => ({ kind: 'token', token: 'x' })

const issuer: Issuer = { name: 'people', issuer: 'https://login.example.com', clientId: 'cli', scope: 'openid', tokenType: 'access_token', parameters: {} }

const oidc = (change: Partial<Issuer> = {}): Way => ({ kind: 'oidc', issuer: { ...issuer, ...change }, logIn })
const aws = (serverId: string): Way => ({ kind: 'aws', serverId, logIn })

const credentials = {
  oidc: { kind: 'oidc', issuer: issuer.issuer, clientId: 'cli', tokenType: 'access_token', token: 'x', expires: 0 },
  aws: { kind: 'aws', serverId: 'other.example.com', region: 'eu-west-1', token: 'x', expires: 0 }
} as const satisfies Record<string, Credential>

const none: Profiles = { profiles: {} }
const elsewhere = (credential: Credential): Profiles => ({ profiles: { theirs: { url: 'https://other.example.com', credential } } })
const here = (credential: Credential): Profiles => ({ profiles: { mine: { url, credential } } })

/** Returns the lines on standard error, or those of the refusal, without a question. */
async function judged (way: Way | undefined, profiles = none, options: LoginOptions = {}, isTerminal = false): Promise<readonly string[]> {
  const written: string[] = []
  const terminal = terminalOf({ ...process, stdin: Object.assign(new PassThrough(), { isTTY: isTerminal }) })
  const stderr = { ...terminal.stderr, lines: (lines: readonly Line[]) => { written.push(...lines.map(String)) } }
  try {
    await assertIntended({ url }, way, options, profiles, { ...terminal, stderr })
    return written
  } catch (error) {
    if (error instanceof CommandFailure) return error.lines
    throw error
  }
}

const withPeople = [`Logging in to ${url} with the issuer people (https://login.example.com)`]
const withAws = [`Logging in to ${url} with your AWS identity`]

t.test('a token that another site could accept is in doubt', async (t) => {
  t.same(await judged(undefined), [], 'a pasted token names its own site')
  t.same(await judged(oidc()), withPeople)
  const fine = { parameters: { resource: `${url}/api`, audience: 'urn:secrets:gateway' }, scope: 'openid offline_access xhttps://other.example.com/ ftp://other.example.com/' }
  t.same(await judged(oidc(fine)), withPeople, 'this site, and what is no site')
  const target = 'https://other.example.com/'
  for (const change of [{ parameters: { resource: target } }, { parameters: { audience: target } }, { scope: `openid ${target}` }, { parameters: { resource: target, audience: target } }]) {
    const reason = `${url} wants a token for ${target}, which is another site. It could use the token there`
    t.same(await judged(oidc(change)), [reason, `If that is right: secretsctl login --url ${url} --yes`], JSON.stringify(change))
    t.same(await judged(oidc(change), here(credentials.oidc)), [reason, `If that is right: secretsctl login --url ${url} --yes`], 'an earlier login does not settle it')
    t.same(await judged(oidc(change), none, { yes: true }), withPeople)
  }
  const [insecure] = await judged(oidc({ parameters: { resource: 'http://other.example.com' } }))
  t.match(insecure, 'wants a token for http://other.example.com/')
})

t.test('a server ID that is not the host is in doubt', async (t) => {
  for (const serverId of ['secrets.example.com', 'secrets.example.com:8443', 'Secrets.Example.COM']) t.same(await judged(aws(serverId)), withAws, serverId)
  const doubted = await judged(aws('other.example.com'))
  t.match(doubted, [/^https:\S+ has the server ID other\.example\.com, which is not its host\. /, /^If that is right: secretsctl login --url \S+ --server-id other\.example\.com$/])
  t.equal((await judged(aws('other.example.com'), none, { yes: true })).length, 2, '--yes does not settle it')
  t.same(await judged(aws('other.example.com'), none, { serverId: 'other.example.com' }), withAws)
  t.same(await judged(aws('other.example.com'), here(credentials.aws)), withAws, 'nor is it asked again')
  t.same(await judged(aws('secrets.example.com'), none, { serverId: 'wrong.example.com' }), [`${url} has the server ID secrets.example.com, not wrong.example.com. Nothing was sent there`])
})

t.test('a login with the issuer or server ID of another profile is in doubt', async (t) => {
  const [reason] = await judged(oidc(), elsewhere(credentials.oidc))
  t.equal(reason, `Your profile theirs, for https://other.example.com, logs in with the same issuer and client. ${url} could use your login there`)
  t.same(await judged(oidc(), elsewhere(credentials.oidc), { yes: true }), withPeople)
  for (const change of [{ clientId: 'another' }, { issuer: 'https://another.example.com' }]) t.same(await judged(oidc(), elsewhere({ ...credentials.oidc, ...change })), withPeople)
  for (const other of [credentials.aws, { kind: 'token', token: 'x' }] as const) t.same(await judged(oidc(), elsewhere(other)), withPeople)
  const same = await judged(aws('other.example.com'), elsewhere(credentials.aws))
  t.match(same, [/is not its host/, /with the same server ID\. /, / --server-id other\.example\.com --yes$/])
  t.same(await judged(aws('secrets.example.com'), elsewhere(credentials.aws)), withAws)
  t.same(await judged(aws('secrets.example.com'), elsewhere({ ...credentials.oidc })), withAws)
})

t.test('the proposed command has all options of the refused command', async (t) => {
  const options: LoginOptions = { profile: 'a b', env: 'dev', issuer: 'people', region: 'eu-west-1', serverId: 'x', withToken: true, browser: true, device: true, aws: true, yes: false }
  const lines = await judged(oidc({ parameters: { resource: 'https://other.example.com' } }), none, options)
  t.equal(lines.at(-1), `If that is right: secretsctl login --url ${url} --profile 'a b' --env dev --issuer people --region eu-west-1 --server-id x --with-token --browser --device --aws --yes`)
})

t.test('on a terminal, nothing is asked about a gateway that the user knows, or has accepted', async (t) => {
  t.same(await judged(oidc(), here(credentials.oidc), {}, true), withPeople)
  t.same(await judged(oidc(), none, { yes: true }, true), withPeople)
  t.same(await judged(undefined, none, {}, true), [], 'the prompt for a token names the gateway')
})
