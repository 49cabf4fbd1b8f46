import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const old = '/usr/bin/node'
const version = spawnSync(old, ['--version'], { encoding: 'utf8' }).stdout as string | null
const isOld = version !== null && Number(/^v(\d+)/.exec(version)?.[1] ?? Infinity) < 24

t.test('an old Node.js is refused, with the next step for its user', { skip: isOld ? false : 'no old Node.js is installed' }, async (t) => {
  const folder = t.testdir({ scripts: {}, src: {}, 'package.json': '{"type":"module"}' })
  copyFileSync(join(import.meta.dirname, '..', '..', 'scripts', 'require-node.js'), join(folder, 'scripts', 'require-node.js'))
  const said = (): string => {
    // Without variables, because the test runner's NODE_OPTIONS load modules that an old Node.js does not have.
    const { status, stderr } = spawnSync('env', ['-i', old, join(folder, 'scripts', 'require-node.js')], { encoding: 'utf8' })
    t.equal(status, 78)
    return stderr
  }
  t.match(said(), /^secretsctl needs Node\.js 24 or later, but this is v[\d.]+\.\nInstall a newer one .*\n$/, 'an installed package')
  writeFileSync(join(folder, 'src', 'server.ts'), '')
  t.match(said(), /^secrets-gateway needs .*\n"npm ci" installs it, unless .*\n$/, 'a fresh checkout')
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true })
  writeFileSync(join(folder, 'node_modules', '.bin', 'node'), '')
  t.equal(said().split('\n')[1], `"npm ci" has installed one, which npm and npx use in ${folder}/. To use it elsewhere: export PATH="${folder}/node_modules/.bin:$PATH"`)
})
