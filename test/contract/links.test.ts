import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..', '..')
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root })

/** Returns a page's text without its code blocks, because code can look like a link or a heading. */
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```$/gm, '')

/** Returns the anchors of a page's headings, as GitHub derives them. */
const anchorsOf = (page: string): string[] => Array.from(textOf(page).matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
  heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))

t.test('every link in the documentation leads to an existing file and heading', async (t) => {
  for (const page of pages) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (URL.canParse(target)) continue
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : normalize(join(dirname(page), path))
      t.ok(existsSync(join(root, file)), `${page}: ${target}`)
      if (anchor !== undefined && existsSync(join(root, file))) t.ok(anchorsOf(file).includes(anchor), `${page}: ${target}`)
    }
  }
})

t.test('every source path that the documentation mentions exists', async (t) => {
  for (const page of pages) {
    const paths = textOf(page).matchAll(/`((?:\.ci|bench|docs|plugins|policies|rotators|routes|scripts|src|test)\/[\w./-]*)`/g)
    for (const [, path = ''] of paths) t.ok(existsSync(join(root, path)), `${page}: ${path}`)
  }
})

t.test('every page can be reached from the README', async (t) => {
  const linked = (page: string): string[] => Array.from(textOf(page).matchAll(/\]\(([^)\s#]+)/g), ([, target = '']) => target)
    .filter((target) => !URL.canParse(target)).map((target) => normalize(join(dirname(page), target)))
  const reached = new Set(['README.md'])
  for (const page of reached) for (const target of linked(page)) if (pages.includes(target)) reached.add(target)
  t.same(pages.filter((page) => !reached.has(page)), [])
})
