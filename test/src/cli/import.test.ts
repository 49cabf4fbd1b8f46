import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { build, caching, tokens } from '#test/helper'
import { entriesIn, formatOfFile } from '#src/cli/import-file'
import { secretsctl, type Outcome, type Setting } from '#test/secretsctl'

t.test('import: shows a plan, asks, and creates', async (t) => {
  const gateway = await build(t)
  const folder = t.testdir({
    '.env': '# the shop\nDB_PASSWORD=one\nexport API_KEY="two words"   # a comment\nKEY=\'a\nb\'\n',
    'db.yaml': 'username: app\nport: 5432\nratio: 1.10\n',
    'plain.txt': 'A=b', 'empty.env': 'A=\n', 'twice.env': 'A=1\nA=2\n', 'broken.env': 'A=1\nno assignment\n', 'list.json': '["a"]', 'none.json': '{}', 'dots.json': '{"..":"a"}'
  })
  const ctl = async (args: string, setting?: Setting): Promise<Outcome> => secretsctl(gateway, args.replaceAll('FOLDER', folder).split(' '), setting)
  const value = async (name: string): Promise<unknown> => (await gateway.send('GET', `/environments/dev/secrets/${encodeURIComponent(name)}`)).json.value

  const plan = await ctl('import FOLDER/.env --env dev --prefix shop/ --dry-run')
  t.match(plan, { status: 0, stdout: 'PLAN    NAME\ncreate  shop/DB_PASSWORD\ncreate  shop/API_KEY\ncreate  shop/KEY\n3 to create\n' })
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/'), { status: 2, stderr: /--yes carries the plan out without asking/ })
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/', { isTerminal: true, stdin: 'n\r' }), { status: 1, stderr: /Carry out this plan in dev\? \[y\/N\][^]*Nothing was written/ })
  t.equal(await value('shop/API_KEY'), undefined)
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/', { isTerminal: true, stdin: 'y\r' }), { status: 0, stdout: /3 to create\n\n[^]*3 created\n$/ })
  t.equal(await value('shop/API_KEY'), 'two words')
  t.equal(await value('shop/KEY'), 'a\nb')

  writeFileSync(join(folder, '.env'), 'DB_PASSWORD=other\nAPI_KEY=two words\nNEW=n\n')
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/ --dry-run'), {
    status: 0, stdout: /skip +shop\/DB_PASSWORD +has another value, which stays; --on-conflict update replaces it\nskip +shop\/API_KEY +has this value already\ncreate +shop\/NEW\n1 to create, 2 to skip\n$/
  })
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/ --dry-run --on-conflict update'), { status: 0, stdout: /update +shop\/DB_PASSWORD +has another value, which is replaced\n/ })
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/ --yes --on-conflict update'), { status: 0, stdout: /1 created, 1 updated, 1 skipped\n$/ })
  t.equal(await value('shop/DB_PASSWORD'), 'other')
  t.match(await ctl('import FOLDER/.env --env dev --prefix shop/ --dry-run', { token: tokens.pipeline }), { stdout: /skip +shop\/API_KEY +exists; its value can't be compared, because you may not read it\n/ })

  t.match(await ctl('import FOLDER/db.yaml --env dev --into shop/db --yes'), { status: 0 })
  t.equal(await value('shop/db'), '{"username":"app","port":5432,"ratio":1.10}')
  t.match(await ctl('import FOLDER/db.yaml --env dev --prefix db/ --yes -o json'), { status: 0, stdout: /^\{[^]*"created": 3/ })
  t.equal(await value('db/ratio'), '1.10')
  t.match(await ctl('import - --env dev --format env --prefix in/ --yes', { stdin: 'A=1' }), { status: 0 })

  for (const [args, status, message] of [
    ['import FOLDER/plain.txt --env dev', 2, /does not tell its format: add --format env, --format json, --format yaml/],
    ['import FOLDER/.env --env dev --prefix a/ --into b', 2, /either --into or --prefix/],
    ['import - --env dev --format env', 2, /needs --yes or --dry-run/],
    ['import FOLDER/empty.env --env dev --yes', 1, /A would have an empty value/],
    ['import FOLDER/twice.env --env dev --yes', 1, /A is assigned twice/],
    ['import FOLDER/broken.env --env dev --yes', 1, /Line 2 of the file is not an assignment/],
    ['import FOLDER/list.json --env dev --yes', 1, /must contain an object/],
    ['import FOLDER/none.json --env dev --yes', 1, /has no values/],
    ['import FOLDER/dots.json --env dev --yes', 1, /a key that can't be the name/],
    ['import FOLDER/nothing.env --env dev --yes', 1, /no such file or directory/]
  ] as const) t.match(await ctl(args), { status, stderr: message }, args)
})

t.test('the format follows from the name of the file', async (t) => {
  for (const [file, format] of [['.env', 'env'], ['a/.env.local', 'env'], ['prod.env', 'env'], ['a.yml', 'yaml'], ['a.yaml', 'yaml'], ['a.json', 'json'], ['environment', undefined]] as const) {
    t.equal(formatOfFile(file), format, file)
  }
  t.same(entriesIn('A="#"\r\nB=\'x\' # y\r\nC=a#b\n', 'env'), { A: '#', B: 'x', C: 'a' })
})

t.test('apply --on-conflict and its plan', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['empty'], secrets: [{ name: 'object', value: { a: 1 } }, { name: 'text', value: 'x' }] } })
  const stdin = 'secrets: [{ name: object, value: { a: 1 } }, { name: text, value: y }, { name: empty, value: z }]\n'
  const apply = async (...args: string[]): Promise<Outcome> => secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev', ...args], { stdin })
  t.match(await apply('--dry-run'), { status: 0, stdout: /skip +object +has this value already\nskip +text +has another value[^\n]*\nskip +empty +has another value/ })
  t.match(await apply('--on-conflict', 'fail', '--dry-run'), { status: 1, stdout: /fail +object/, stderr: /^3 of 3 can't be written\n/ })
  t.match(await apply('--on-conflict', 'update'), { status: 0, stdout: /2 updated, 1 skipped\n$/ })
})

t.test('a plan compares with the value in AWS, not with a cached one', async (t) => {
  const gateway = await build(t, caching)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/text', SecretString: 'x' })
  await gateway.send('POST', '/environments/dev/values', { json: { names: ['text'] } })
  await aws.putSecretValue({ SecretId: 'dev/text', SecretString: 'y' })
  const stdin = 'secrets: [{ name: text, value: y }]\n'
  t.match(await secretsctl(gateway, ['apply', '-f', '-', '--env', 'dev', '--dry-run'], { stdin }), { status: 0, stdout: /skip +text +has this value already/ })
})
