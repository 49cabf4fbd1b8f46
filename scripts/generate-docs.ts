/**
 * Writes what the documentation shares with the code: `docs/problems.md` from the catalogue of problems, and the table of
 * environment variables in `README.md` from their schema.
 *
 *     node scripts/generate-docs.ts [--check]
 *
 * With `--check` it writes nothing, and exits with 1 where a file is not what it would write.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VariablesSchema } from '../src/config/schema.ts'
import { catalogue, catalogueEntry, type ProblemCode } from '../src/errors.ts'

const root = join(import.meta.dirname, '..')

function problems (): string {
  const codes = Object.keys(catalogue) as ProblemCode[]
  const rows = codes.map((code) => {
    const { status, title, advice } = catalogueEntry(code)
    return `| ${status} | \`${code}\` | ${title} | ${advice} |`
  })
  return [
    '# Problems',
    '',
    'Everything that fails is answered as `application/problem+json` (RFC 9457). `code` is what a program goes by. This page is generated',
    'from `src/errors.ts` by `npm run docs`.',
    '',
    '| status | `code` | what it says | what to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    ''
  ].join('\n')
}

function variables (): string {
  const rows = Object.entries(VariablesSchema.properties).map(([name, { description, default: value }]) =>
    `| \`${name}\` | ${description ?? ''} | ${value === undefined ? '–' : `\`${String(value)}\``} |`)
  return ['| variable | meaning | default |', '| --- | --- | --- |', ...rows].join('\n')
}

/** The text, with other content between its two marks. */
function between (text: string, name: string, content: string): string {
  const marks = new RegExp(`(?<=<!-- ${name} -->\n)[^]*?(?=<!-- /${name} -->)`)
  if (!marks.test(text)) throw new TypeError(`README.md has no marks for ${name}`)
  return text.replace(marks, () => `\n${content}\n\n`)
}

const readme = await readFile(join(root, 'README.md'), 'utf8')
const files = { 'docs/problems.md': problems(), 'README.md': between(readme, 'variables', variables()) }

for (const [file, expected] of Object.entries(files)) {
  const path = join(root, file)
  if (!process.argv.includes('--check')) {
    await writeFile(path, expected)
  } else if (await readFile(path, 'utf8') !== expected) {
    console.error(`${file} is not what the code says: run npm run docs`)
    process.exitCode = 1
  }
}
