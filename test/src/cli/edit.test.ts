import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { build, type Gateway } from '#test/helper'
import { noTerminal, secretsctlTerminal, type Answer } from '#test/secretsctl'

interface Edited {
  status: number | null
  screen: string
  /** The file that the editor worked on. */
  file: string
}

/** Runs `edit` with a shell script as the editor, which gets the file as `$1`. */
async function edit (t: Test, gateway: Gateway, script: string, { name = 'a', answers = [] as Answer[], args = [] as string[] } = {}): Promise<Edited> {
  const folder = t.testdir({})
  const editor = join(folder, 'editor')
  writeFileSync(editor, `#!/bin/sh\necho "$1" > ${folder}/file\nls -ld "$1" "$(dirname "$1")" > ${folder}/modes\n${script}\n`, { mode: 0o755 })
  const { status, screen } = await secretsctlTerminal(gateway, ['edit', name, '--env', 'dev', ...args], answers, { env: { EDITOR: editor, VISUAL: '' } })
  const file = existsSync(`${folder}/file`) ? readFileSync(`${folder}/file`, 'utf8').trim() : ''
  // The command keeps a text that could not be written.
  if (file !== '') t.teardown(() => { rmSync(dirname(file), { recursive: true, force: true }) })
  if (file !== '') t.match(readFileSync(`${folder}/modes`, 'utf8'), /^drwx------ [^\n]*\n-rw------- /)
  return { status, screen, file }
}

t.test('Ctrl-C while the value is written leaves no plaintext behind', { skip: noTerminal }, async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'canary' } })
  let puts = 0
  let onPut = (): void => undefined
  const put = new Promise<void>((resolve) => { onPut = resolve })
  // A gateway that does not answer the write.
  const slow = createServer((request, response) => {
    if (request.method === 'PUT') {
      puts++
      onPut()
    } else void fetch(`${gateway.url}${request.url ?? ''}`, { headers: { authorization: request.headers.authorization ?? '', accept: 'application/json' } })
      .then(async (reply) => { response.writeHead(reply.status, Object.fromEntries(['content-type', 'x-request-id', 'etag'].map((name) => [name, reply.headers.get(name) ?? '']))).end(await reply.text()) })
  }).listen(0, '127.0.0.1')
  await once(slow, 'listening')
  t.teardown(() => {
    slow.close()
    slow.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
  // The first SIGINT arrives while the editor runs. The script sends it to secretsctl, which is the parent of the shell that runs
  // the script.
  const script = 'read -r pid name state parent rest < /proc/$PPID/stat; kill -INT $parent; sleep 0.5; printf other > "$1"'
  const { status, screen, file } = await edit(t, { ...gateway, url }, script, { answers: [{ when: put, type: '\x03' }] })
  t.not(status, 0)
  t.notMatch(screen, 'failed', 'the editor was not interrupted')
  t.equal(puts, 1)
  t.match(file, /secretsctl-/)
  t.equal(existsSync(dirname(file)), false)
})

t.test('edit', { skip: noTerminal }, async (t) => {
  const gateway = await build(t)
  const put = async (value: string, name = 'a'): Promise<unknown> => gateway.send('PUT', `/environments/dev/secrets/${name}`, { json: { value } })
  const value = async (): Promise<unknown> => (await gateway.send('GET', '/environments/dev/secrets/a')).json.value
  await put('{"a":"canary"}')

  const changed = await edit(t, gateway, 'printf \'{"a":"other"}\\n\' > "$1"')
  t.match(changed, { status: 0, screen: /Updated a in dev, version / })
  t.equal(await value(), '{"a":"other"}', 'without the newline of the editor')
  t.equal(existsSync(dirname(changed.file)), false, 'nothing is left')
  t.match(changed.file, /^\/(?:dev\/shm|run)\//)

  t.match(await edit(t, gateway, 'true'), { status: 0, screen: 'a in dev is unchanged\n' })
  t.match(await edit(t, gateway, ': > "$1"'), { status: 1, screen: /The value is empty, so nothing was written/ })
  const failed = await edit(t, gateway, 'echo x > "$1"; exit 3')
  t.match(failed, { status: 1, screen: /The editor \(.*editor\) failed, so nothing was written\nTo choose another one: export EDITOR=nano/ })
  t.equal(existsSync(failed.file), false)

  const refused = await edit(t, gateway, 'printf x > "$1"', { answers: [{ after: '[y/N]', type: 'n\r' }] })
  t.match(refused, { status: 1, screen: /The value was JSON, and is not any more\. Write it all the same\? \[y\/N\] n\nNothing was written\nYour text is kept in / })
  t.equal(readFileSync(refused.file, 'utf8'), 'x', 'the text is not lost')
  t.equal(statSync(refused.file).mode & 0o777, 0o600)
  t.match(refused.screen, `secretsctl update a --from-file ${refused.file} && rm -r ${dirname(refused.file)}`)

  const cancelled = await edit(t, gateway, 'printf x > "$1"', { answers: [{ after: '[y/N]', type: '\x03' }] })
  t.match(cancelled, { status: 130, screen: /Nothing was sent\nYour text is kept in / })
  t.equal(await value(), '{"a":"other"}', 'nothing is written after Ctrl-C at the question')

  const url = `${gateway.url}/environments/dev/secrets/a`
  const conflict = `curl -s -X PUT -H 'authorization: Bearer administrator-token-for-tests' -H 'content-type: application/json' -d '{"value":"{\\"a\\":\\"theirs\\"}"}' ${url} > /dev/null || exit 9\nprintf '{"a":"mine"}' > "$1"`
  const lost = await edit(t, gateway, conflict)
  t.match(lost, { status: 1, screen: /Somebody has changed the secret while you edited it, so nothing was written\nYour text is kept in / })
  t.equal(await value(), '{"a":"theirs"}', 'the other change is not overwritten')
  t.equal(readFileSync(lost.file, 'utf8'), '{"a":"mine"}')

  await gateway.send('PUT', '/environments/dev/secrets/bytes', { json: { value: Buffer.from([0xff]).toString('base64'), encoding: 'base64' } })
  t.match(await edit(t, gateway, 'true', { name: 'bytes' }), { status: 1, screen: /bytes is binary, which an editor can't show\nWrite it with: secretsctl update bytes --from-file FILE/ })
})
