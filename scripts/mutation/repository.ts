import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The folders whose files are mutated. `src/pages/` has scripts for browsers, which are JavaScript. */
export const sources = ['src', 'plugins', 'routes']

const git = (root: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })

/** Returns the source files in the given files and folders, or all of them if none is given. Generated files are left out. */
export const sourceFiles = (root: string, paths: readonly string[]): string[] =>
  git(root, 'ls-files', '--', ...paths.length > 0 ? paths : sources)
    .split('\n').filter((file) => /\.[jt]s$/.test(file) && !/client\/(?:schema|replies)\.ts$/.test(file))

/** Returns a function that checks whether a line of a file has changed since the commit. Line numbers start at 1. */
export function changedSince (root: string, commit: string): (file: string, line: number) => boolean {
  const changed = new Map<string, Set<number>>()
  let lines = new Set<number>()
  for (const line of git(root, 'diff', '--unified=0', '--no-color', commit, '--', ...sources).split('\n')) {
    const file = /^\+\+\+ b\/(.*)$/.exec(line)?.[1]
    if (file !== undefined) changed.set(file, lines = new Set())
    const [, first, count = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    for (let offset = 0; first !== undefined && offset < Number(count); offset++) lines.add(Number(first) + offset)
  }
  return (file, line) => changed.get(file)?.has(line) ?? false
}

/** Copies the repository's files, including uncommitted changes, to a temporary folder. Returns its path. */
export function copyRepository (root: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mutation-'))
  for (const file of git(root, 'ls-files', '--cached', '--others', '--exclude-standard').split('\n')) {
    if (file !== '' && file !== 'node_modules' && existsSync(join(root, file))) cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
