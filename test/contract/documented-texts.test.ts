import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import { catalogue } from '#src/problems/catalogue'

// Checks what can be wrong on any page.

const root = join(import.meta.dirname, '..', '..')

/** Returns a file's text with single spaces instead of line breaks. */
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8').replaceAll(/\s+/g, ' ')

const guides = ['README.md', 'CONTRIBUTING.md', ...globSync(['docs/*.md', 'docs/guides/*.md', 'deploy/*.md'], { cwd: root })]

t.test('every status that is written before a problem\'s code, or after it, is that of the catalogue', async (t) => {
  const statuses = new Map(Object.entries(catalogue).map(([code, { status }]) => [code, String(status)]))
  let count = 0
  for (const file of ['openapi.yaml', 'CHANGELOG.md', ...guides, ...globSync('docs/decisions/*.md', { cwd: root })]) {
    const text = textOf(file)
    const before = Array.from(text.matchAll(/\b([45]\d\d),? `([a-z]+(?:-[a-z]+)*)`/g), ([, status = '', code = '']) => [status, code] as const)
    const after = Array.from(text.matchAll(/`([a-z]+(?:-[a-z]+)+)` \(([45]\d\d)\)/g), ([, code = '', status = '']) => [status, code] as const)
    for (const [status, code] of [...before, ...after]) {
      count += 1
      t.equal(statuses.get(code), status, `${file}: ${status} ${code}`)
    }
  }
  t.ok(count > 100, 'there are such places')
})

t.test('the pages say how it is, not how it was', async (t) => {
  const history = /\b[Tt]here used to\b|\b(?:[Ii]t|[Tt]hey|requests?|gateways?|replies|lines?) used to\b|\b[Pp]reviously\b|\b[Ff]ormerly\b|\b[Uu]ntil now\b|\b[Ii]n (?:an )?earlier versions?\b/
  for (const page of guides) {
    const text = textOf(page)
    const found = history.exec(text)
    t.equal(found && text.slice(Math.max(0, found.index - 40), found.index + 60), null, page)
  }
})

t.test('the changelog says nothing twice', async (t) => {
  const sentences = textOf('CHANGELOG.md').split(/(?<=[.:]) (?:- )?/).filter(({ length }) => length >= 40)
  t.same(sentences.filter((sentence, index) => sentences.indexOf(sentence) < index), [])
})

t.test('the index of the decisions has each of them once, in their order, with its title, its status and its date', async (t) => {
  const rows = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8').split('\n').filter((line) => /^\| \[\d/.test(line)).map((line) => line.replaceAll('`', ''))
  const expected = globSync('docs/decisions/0*.md', { cwd: root }).sort().map((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const [, title = '', status = '', date = ''] = /^# (?:\d+\. )?(.*)\n\nStatus: (.*?), (\d{4}-\d\d-\d\d)/.exec(text.replaceAll('`', '')) ?? []
    return `| [${basename(file).slice(0, 4)}](${basename(file)}) | ${title} | ${status} | ${date} |`
  })
  t.same(rows, expected)
})
