// Adds the files to `dist` that `tsc` does not emit: the pages, and a package.json that resolves "#src/…" to the compiled files.
import { cpSync, writeFileSync } from 'node:fs'

cpSync('src/pages', 'dist/src/pages', { recursive: true })
writeFileSync('dist/package.json', `${JSON.stringify({ type: 'module', imports: { '#src/*': './src/*.js' } }, undefined, 2)}\n`)
