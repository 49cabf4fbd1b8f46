import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { hashToken } from '#src/authentication/api-keys'
import { rememberSignatures, startFleet } from '#test/fleet'
import { declared, tokens } from '#test/helper'
import { skip, type TestRedis } from '#test/redis'
import { signCallerIdentity, startSts } from '#test/sts'
import { until } from '#test/until'

const user = { accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '111122223333', userId: 'AIDAUSERUSERUSERUSER', arn: 'arn:aws:iam::111122223333:user/user' }

/** Records all commands that the server receives. */
async function monitor (t: Test, { port }: TestRedis): Promise<() => string> {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  let text = ''
  socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1') })
  await once(socket, 'connect')
  socket.write('MONITOR\r\n')
  await until(() => text.startsWith('+OK'))
  return () => text
}

/**
 * Returns the strings by which somebody could recognize a guessed text: the text, and its hashes without a key, in each encoding.
 */
function guesses (text: string): string[] {
  const digests = ['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) =>
    [createHash(algorithm).update(text).digest(), createHmac(algorithm, '').update(text).digest()])
  const bytes = [Buffer.from(text), ...digests]
  const spelled = bytes.flatMap((one) => (['hex', 'base64', 'base64url'] as const).map((encoding) => one.toString(encoding).replace(/=+$/, '')))
  // A hidden name on the server is only the first 22 characters of an HMAC.
  return [text, ...spelled.map((one) => one.slice(0, 22))]
}

t.test('no value, token or signature, and no hash of one, is sent to the server or stored there', { skip }, async (t) => {
  const values = ['canary-value-1', 'pass1234', 'hunter2']
  const wrongToken = 'sgw_stranger.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  const sts = await startSts(t, [user])
  const aws = { serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: user.account }] }
  const fleet = await startFleet(t, 2, {
    cache: {}, authentication: { ...declared.authentication, aws }, aws: { stsEndpoint: sts.url }, limits: { requestsPerSecond: 50, burst: 3_000 }
  })
  const { redis, replicas: [one, other] } = fleet
  await rememberSignatures(fleet)
  const seen = await monitor(t, redis)

  for (const [index, value] of values.entries()) {
    const path = `/environments/dev/secrets/n${index}`
    t.equal((await one.send('PUT', path, { json: { value } })).status, 201)
    t.match((await other.send('GET', path)).json, { value })
    t.match((await other.send('GET', path, { headers: { 'cache-control': 'no-cache' } })).json, { value })
    t.equal((await other.send('PUT', path, { json: { value: `${value}-2` } })).status, 200)
  }
  await one.send('POST', '/cache/invalidations', { json: { environment: 'dev', secretIds: ['n0'] } })
  t.equal((await one.send('GET', '/environments/dev', { token: wrongToken })).status, 401)
  t.equal((await one.send('GET', '/environments/dev', { token: tokens.reader })).status, 200)
  const headers = await signCallerIdentity(user, {
    host: new URL(sts.url).host, date: new Date(Date.now() + 2_000), headers: { 'x-secrets-gateway-nonce': randomUUID() }
  })
  const login = await one.send('POST', '/auth/aws/login', { token: null, json: { headers } })
  t.equal(login.status, 200)
  t.equal((await other.send('GET', '/environments', { token: login.json.token })).status, 401, 'the replicas have no common key for tokens')
  const [, signature = ''] = /Signature=(\w+)/.exec(headers.authorization ?? '') ?? []
  t.equal(signature.length, 64)

  await until(() => seen().includes('limit:caller') && seen().includes('limit:refresh') && seen().includes('limit:failures') && seen().includes('PUBLISH') && seen().includes('signature:'))
  const keys = (await redis.command('KEYS', '*')).split('\r\n').filter((line) => line.startsWith('{'))
  t.ok(keys.length >= 8, keys.join(' '))
  const stored: string[] = []
  for (const key of keys) {
    const commands = [['TYPE', key], ['GET', key], ['HGETALL', key], ['ZRANGE', key, '0', '-1', 'WITHSCORES'], ['SMEMBERS', key], ['LRANGE', key, '0', '-1'], ['XRANGE', key, '-', '+']]
    for (const command of commands) stored.push(await redis.command(...command))
    t.match(await redis.command('PTTL', key), key.endsWith('signatures:since') ? ':-1' : /^:\d+/, `${key} has an end`)
  }
  const all = `${keys.join('\n')}\n${stored.join('\n')}\n${seen()}`
  const callers = ['administrator', 'reader', `aws:${user.account}:${user.userId}`, '127.0.0.1']
  const names = Object.values(tokens)
  const confidential = [...values, ...values.map((value) => `${value}-2`), ...names, ...names.map(hashToken), wrongToken, String(login.json.token), signature, user.secretAccessKey]
  for (const text of confidential) {
    for (const guess of guesses(text)) if (all.includes(guess)) t.fail(`${text} is there, as ${guess}`)
  }
  // MONITOR shows the addresses of the connections.
  const withoutPeers = all.replace(/\[0 (127\.0\.0\.1:\d+|lua)\]/g, '')
  for (const caller of callers) {
    for (const guess of guesses(caller)) if (withoutPeers.includes(guess)) t.fail(`${caller} is there, as ${guess}`)
  }
  t.match(all, /dev\/n0/, 'the names of secrets that have changed are sent')
  t.notMatch(stored.join('\n') + keys.join('\n'), /dev\/n0/, 'and not stored')
})
