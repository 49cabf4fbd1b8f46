import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { catalogue } from '#src/problems/catalogue'

const root = join(import.meta.dirname, '..', '..')

t.test('every problem of the catalogue is used', async (t) => {
  const sources: string[] = []
  for await (const file of glob('{src,plugins}/**/*.ts', { cwd: root })) {
    if (file !== 'src/problems/catalogue.ts') sources.push(await readFile(join(root, file), 'utf8'))
  }
  const all = sources.join('\n')
  for (const [code, { status, title, advice }] of Object.entries(catalogue)) {
    t.match(all, new RegExp(`(Problem\\(|code: |: |\\? )'${code}'`), code)
    t.ok(status >= 400 && status < 600)
    t.match(title, /^[A-Z].*[^.]$/, 'a title does not end like a sentence')
    t.match(advice, /[.]$/, 'the advice ends like a sentence')
  }
})
