import { readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'

const root = join(import.meta.dirname, '..')

/** An import in a file. `module` is a package or, if it is in `test/`, a path relative to the repository's root. */
export interface Import {
  importer: string
  /** The imported names, as they are written. */
  names: string
  module: string
}

/** Returns the imports of a file, except types. */
function importsOf (file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8')
  return Array.from(source.matchAll(/^import (?!type )([^']*) from '([^']+)'$/gm), ([, names = '', specifier = '']) =>
    ({ importer: file, names, module: moduleOf(file, specifier) }))
}

function moduleOf (importer: string, specifier: string): string {
  if (specifier.startsWith('#test/')) return `${specifier.slice(1)}.ts`
  return specifier.startsWith('.') ? normalize(join(importer, '..', specifier)) : specifier
}

/** Returns true if a file in `test/` has such an import, or a module in `test/` that it imports directly or indirectly. */
export const hasImport = (file: string, isWanted: (imported: Import) => boolean): boolean =>
  importsOf(file).some((imported) => isWanted(imported) ||
    (imported.module.startsWith('test/') && hasImport(imported.module, isWanted)))
