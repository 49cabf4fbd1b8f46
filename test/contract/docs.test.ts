import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

t.test('the generated documentation is up to date', async (t) => {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'generate-docs.ts')
  await t.resolves(promisify(execFile)(process.execPath, [script, '--check']), 'run `npm run docs` to update it')
})
