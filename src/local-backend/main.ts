import { outputsOf } from '#src/command-line/output'
import { runLocalBackend } from './command.ts'

process.exitCode = await runLocalBackend(process.argv.slice(2), outputsOf(process))
