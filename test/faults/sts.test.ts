import { runRows } from './run-rows.ts'
import { groups } from './table.ts'

runRows(groups.sts)
