import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { secretsctl, type Outcome, type Setting } from '#test/secretsctl'

t.test('export of everything, without placeholders, and as a project file says', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['shop/new'], secrets: [{ name: 'shop/db', value: { password: 'p' } }, { name: 'web', value: 'w' }] } })
  const folder = t.testdir({})
  const ctl = async (args: string, setting?: Setting): Promise<Outcome> => secretsctl(gateway, args.split(' '), { folder, ...setting })
  t.match(await ctl('export --env dev --all -o json'), { status: 1, stderr: /^shop\/new: .*\nTo leave secrets without a value out, add --skip-placeholders\n$/ })
  t.same(JSON.parse((await ctl('export --env dev --all --skip-placeholders --json')).stdout), { SHOP_DB: '{"password":"p"}', WEB: 'w' })
  t.match(await ctl('export --env dev --secret shop/new --secret web --skip-placeholders -o env'), { status: 0, stdout: 'WEB=w\n' })
  t.match(await ctl('export --env dev --map A=shop/new --map B=web --skip-placeholders -o yaml'), { status: 0, stdout: 'B: "w"\n' })
  t.match(await ctl('export --env dev --all --prefix shop/ -o json'), { status: 2, stderr: /either --all or --prefix/ })
  t.match(await ctl('export --env dev --all'), { status: 2, stderr: /Specify the format with --format/ })
  t.match(await ctl('export --env staging --all -o json'), { status: 1, stderr: /staging has no secret that you may read/ })
  t.match(await ctl('export --env dev --all -o json', { token: tokens.pipeline }), { status: 1 })
  t.match(await ctl('export --env dev -o json'), { status: 2, stderr: /Specify the secrets with --prefix, --secret, --map or --all, or in \.secretsctl\.yaml/ })
  t.match(await ctl('read shop/db --env dev --field password -o env'), { status: 0, stdout: 'SHOP_DB_PASSWORD=p\n' })
  t.match(await ctl('list --env dev -o env'), { status: 2, stderr: /--output env is only for read and export/ })

  const project = (content: string): void => { writeFileSync(join(folder, '.secretsctl.yaml'), content) }
  project('environment: dev\nprefix: shop/\nmapping: { PASSWORD: "shop/db#password" }\n')
  t.same(JSON.parse((await ctl('export --skip-placeholders -o json')).stdout), { PASSWORD: 'p' }, 'as with --map, the mapped secret is not selected by the prefix, too')
  t.same(JSON.parse((await ctl('export --secret web -o json')).stdout), { WEB: 'w' }, 'options replace the project\'s selection')
  t.match(await ctl('import - --format env --yes', { stdin: 'KEY=k' }), { status: 0, stdout: /created +shop\/KEY/ })
  project('environment: dev\nmapping: { PATH: web, NODE_OPTIONS: web }\n')
  t.match(await ctl('export --format shell'), { status: 1, stdout: '', stderr: /A secret may not choose these names for its variables:\n {2}PATH, from web/ }, 'a stranger\'s project can\'t steer programs')
  project('environment: dev\nmapping: { A-B: web }\n')
  t.match(await ctl('export -o json'), { status: 2, stderr: /A-B in \.secretsctl\.yaml is not a valid name/ })
})
