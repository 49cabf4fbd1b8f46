import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version?: string }> }

t.test('the base image is pinned by digest, and has the version of Node.js that the tests run on', async (t) => {
  const [, version] = /^ARG NODE=node:([\d.]+)-bookworm-slim@sha256:[0-9a-f]{64}$/m.exec(dockerfile) ?? []
  t.equal(version, lock.packages['node_modules/node']?.version)
  const images = Array.from(dockerfile.matchAll(/^FROM (\S+)/gm), ([, image]) => image)
  t.strictSame(new Set(images), new Set(['${NODE}']), 'each stage starts from it')
})
