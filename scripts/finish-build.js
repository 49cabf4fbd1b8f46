// What `tsc` leaves out of `dist`: the pages, and where "#src/…" leads there.
import { cpSync, writeFileSync } from 'node:fs'

cpSync('src/pages', 'dist/src/pages', { recursive: true })
writeFileSync('dist/package.json', `${JSON.stringify({ type: 'module', imports: { '#src/*': './src/*.js' } }, undefined, 2)}\n`)
