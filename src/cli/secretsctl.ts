import { run } from './program.ts'

// Whoever reads the output has had enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { process.exit(error.code === 'EPIPE' ? 0 : 1) })

process.exitCode = await run(process.argv.slice(2), process)
