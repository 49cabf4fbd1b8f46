import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/**
 * Returns the code of an example in the documentation, verbatim.
 *
 * @param page the page's path in the project
 * @param comment the text of the HTML comment above the code
 * @throws Error if there is no such example
 */
export function exampleIn (page: string, comment: string): string {
  const [, after] = readFileSync(join(root, page), 'utf8').split(`<!-- ${comment} -->\n`)
  const [, code] = /^ *```\w*\n(.*?)\n *```\n/s.exec(after ?? '') ?? []
  if (code === undefined) throw new Error(`${page} has no example ${comment}`)
  return `${code}\n`
}

/** Returns the blocks of shell code in one section of a page, in order. @param heading the section's heading */
export function shellBlocksIn (page: string, heading: string): string[] {
  const [, after = ''] = readFileSync(join(root, page), 'utf8').split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return Array.from(section.matchAll(/^```sh\n(.*?)^```$/gms), ([, code = '']) => code)
}
